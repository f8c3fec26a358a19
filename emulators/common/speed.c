#include "emulators/common/speed.h"

#include <asm/ioctls.h>
#include <asm/termbits.h>

int ioctl(int fd, unsigned long request, ...); /* sys/ioctl.h brings glibc's termios along */

#define UNSET_BAUD 38400

bool emu_speed_unset(int fd)
{
    struct termios2 t = {
        .c_cflag = CS8 | CREAD | CLOCAL | HUPCL | BOTHER | (BOTHER << IBSHIFT),
        .c_ispeed = UNSET_BAUD,
        .c_ospeed = UNSET_BAUD,
    };
    t.c_cc[VMIN] = 1;
    return ioctl(fd, TCSETS2, &t) == 0;
}

uint32_t emu_speed_read(int fd)
{
    struct termios2 t;
    if (ioctl(fd, TCGETS2, &t) != 0)
        return 0;
    if ((t.c_cflag & CBAUD) == BOTHER && t.c_ospeed == UNSET_BAUD)
        return 0;
    return t.c_ospeed;
}

bool emu_speed_flush_slave(int master)
{
    struct termios2 t; /* on a master these requests are about the slave */
    return ioctl(master, TCGETS2, &t) == 0 && ioctl(master, TCSETSF2, &t) == 0;
}

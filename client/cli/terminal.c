#include "client/cli/terminal.h"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

static struct termios before;
static volatile sig_atomic_t changed_fd = -1;

bool cli_terminal_begin(int fd)
{
    struct termios now;
    if (tcgetattr(fd, &before) != 0 || tcgetpgrp(fd) != getpgrp())
        return false;
    now = before;
    now.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    now.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON);
    now.c_cc[VMIN] = 1;
    now.c_cc[VTIME] = 0;
    changed_fd = fd;
    if (tcsetattr(fd, TCSANOW, &now) == 0)
        return true;
    changed_fd = -1;
    return false;
}

void cli_terminal_restore(void)
{
    int fd = changed_fd;
    changed_fd = -1;
    if (fd >= 0)
        (void)tcsetattr(fd, TCSANOW, &before);
}

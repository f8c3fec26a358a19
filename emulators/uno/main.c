/*
 * jig-emulator-uno: an Arduino Uno without the hardware. README.md beside this folder says how to
 * use it; this file puts the parts together and turns the wheel:
 *
 *      every millisecond:  line (who opened, what came)  ->  reset, if DTR rose
 *                          side channel, standard input
 *                          16000 cycles of the chip      <->  line's rings
 *                          line (what goes out)
 *                          sleep until the millisecond is over
 *      every 200 ms:       flash and EEPROM to their files, once they have stopped changing
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emulators/common/say.h"
#include "emulators/uno/uno.h"

#define SLICE_CYCLES  (EMU_CHIP_HZ / (1000000000 / EMU_SLICE_NS))
#define SETTLE_SLICES 200
#define BOOTLOADER    "optiboot_atmega328p.bin"

static volatile sig_atomic_t told_to_end;

static void on_signal(int number)
{
    (void)number;
    told_to_end = 1;
}

bool uno_save(struct uno *u)
{
    bool flash = emu_store_save(&u->flash);
    return emu_store_save(&u->eeprom) && flash;
}

void uno_reset(struct uno *u)
{
    (void)uno_save(u); /* said by the store; tried again later */
    emu_chip_reset(u->chip);
}

void uno_set_dtr(struct uno *u, bool asserted)
{
    bool edge = asserted && !u->dtr;
    u->dtr = asserted;
    if (edge)
        uno_reset(u);
}

static void on_chip_reset(void *ctx)
{
    struct uno *u = ctx;
    emu_uart_chip_was_reset(u->uart);
}

/* The boot section of the build tree or of the installation: both keep it in the same place seen
 * from the program. */
static bool find_bootloader(const struct uno_options *o, char path[PATH_MAX])
{
    if (o->bootloader != NULL)
        return snprintf(path, PATH_MAX, "%s", o->bootloader) < PATH_MAX;
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return false;
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    n = snprintf(path, PATH_MAX, "%s/%s/%s", self, JIG_EMULATOR_DATA, BOOTLOADER);
    return n < PATH_MAX;
}

static bool burn_bootloader(struct uno *u)
{
    char path[PATH_MAX];
    uint8_t image[4096 + 1];
    if (!find_bootloader(&u->options, path))
        return emu_fail("cannot tell where the bootloader is; name it with --bootloader");
    FILE *f = fopen(path, "re");
    if (f == NULL)
        return emu_fail("cannot open the bootloader %s: %s", path, strerror(errno));
    size_t n = fread(image, 1, sizeof image, f);
    bool ok = !ferror(f);
    if (!ok)
        emu_fail("cannot read the bootloader %s: %s", path, strerror(errno));
    fclose(f);
    return ok && emu_chip_burn_bootloader(u->chip, image, n);
}

static bool make_link(const char *path, const char *port)
{
    struct stat st;
    if (lstat(path, &st) == 0 && !S_ISLNK(st.st_mode))
        return emu_fail("%s exists and is not a symbolic link", path);
    char beside[PATH_MAX];
    if (snprintf(beside, sizeof beside, "%s.%d", path, (int)getpid()) >= (int)sizeof beside)
        return emu_fail("the path of the link is too long");
    if (symlink(port, beside) == 0 && rename(beside, path) == 0)
        return true;
    emu_fail("cannot make the link %s: %s", path, strerror(errno));
    unlink(beside);
    return false;
}

/* Unless another emulator has taken it over meanwhile. */
static void remove_link(const char *path, const char *port)
{
    char target[PATH_MAX];
    ssize_t n = readlink(path, target, sizeof target - 1);
    if (n <= 0)
        return;
    target[n] = '\0';
    if (strcmp(target, port) == 0)
        unlink(path);
}

static bool set_up(struct uno *u)
{
    const struct uno_options *o = &u->options;
    return emu_chip_new(&u->chip) &&
           emu_store_open(&u->flash, "flash", o->flash, emu_chip_flash(u->chip),
                          EMU_CHIP_FLASH_SIZE) &&
           emu_store_open(&u->eeprom, "EEPROM", o->eeprom, emu_chip_eeprom(u->chip),
                          EMU_CHIP_EEPROM_SIZE) &&
           burn_bootloader(u) && uno_save(u) && emu_line_new(&u->line) &&
           emu_uart_new(u->chip, u->line, &u->uart) &&
           (o->control == NULL || emu_control_new(o->control, &u->control)) &&
           (o->link == NULL || make_link(o->link, emu_line_path(u->line)));
}

static void tear_down(struct uno *u)
{
    emu_control_free(u->control);
    if (u->options.link != NULL && u->line != NULL)
        remove_link(u->options.link, emu_line_path(u->line));
    emu_line_free(u->line);
    emu_store_close(&u->flash);
    emu_store_close(&u->eeprom);
    emu_uart_free(u->uart);
}

/* simavr prints to standard output now and then; ours is the one line for whoever started us. */
static bool announce(const struct uno *u, int out)
{
    FILE *f = fdopen(out, "w");
    if (f == NULL)
        return emu_fail("cannot write to standard output: %s", strerror(errno));
    fputs("{\"port\":", f);
    emu_json_string(f, emu_line_path(u->line));
    fprintf(f, ",\"board\":\"uno\",\"pid\":%d", (int)getpid());
    if (u->options.link != NULL) {
        fputs(",\"link\":", f);
        emu_json_string(f, u->options.link);
    }
    if (u->options.control != NULL) {
        fputs(",\"control\":", f);
        emu_json_string(f, u->options.control);
    }
    fputs("}\n", f);
    if (fclose(f) != 0)
        return emu_fail("cannot write to standard output: %s", strerror(errno));
    return true;
}

/* Gives the fd of what was standard output, which now leads nowhere. */
static int divert_stdout(void)
{
    int out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere != -1) {
        dup2(nowhere, STDOUT_FILENO);
        close(nowhere);
    }
    return out;
}

static bool stdin_ended(void)
{
    struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
    char ignored[256];
    if (poll(&p, 1, 0) != 1)
        return false;
    ssize_t n = read(STDIN_FILENO, ignored, sizeof ignored);
    return n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN);
}

static void hear_line(struct uno *u)
{
    struct emu_line_news news = emu_line_poll(u->line);
    if (u->options.reset_on_open && news.opened > 0) {
        uno_set_dtr(u, false);
        emu_line_discard(u->line);
        uno_set_dtr(u, true);
    }
    if (u->options.reset_on_open && news.closed)
        uno_set_dtr(u, false);
}

/* In the bootloader the flash may be half written, however long the uploading tool pauses. */
static void settle(struct uno *u)
{
    if (emu_chip_status(u->chip).pc < emu_chip_boot_start(u->chip))
        emu_store_settle(&u->flash);
    emu_store_settle(&u->eeprom);
}

static void turn(struct uno *u, unsigned slice)
{
    hear_line(u);
    if (u->control != NULL)
        emu_control_poll(u->control, uno_command, u);
    if (u->options.exit_with_stdin && stdin_ended())
        u->quit = true;
    emu_uart_poll(u->uart);
    emu_chip_run(u->chip, SLICE_CYCLES);
    emu_line_flush(u->line);
    if (slice % SETTLE_SLICES == 0)
        settle(u);
    emu_pace_wait(&u->pace);
}

static void catch_signals(void)
{
    struct sigaction end = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    sigaction(SIGHUP, &end, NULL);
    sigaction(SIGPIPE, &ignore, NULL);
}

int main(int argc, char **argv)
{
    static struct uno u = {.flash.lock = -1, .eeprom.lock = -1}; /* holds the chip to the end */
    int status;
    if (!uno_options_parse(argc, argv, &u.options, &status))
        return status;
    umask(077);
    catch_signals();
    int out = divert_stdout();
    bool ok = set_up(&u);
    if (ok) {
        emu_chip_on_reset(u.chip, on_chip_reset, &u);
        emu_chip_power_on(u.chip);
        emu_pace_start(&u.pace);
        ok = announce(&u, out);
        for (unsigned slice = 1; ok && !u.quit && told_to_end == 0; slice++)
            turn(&u, slice);
        ok = uno_save(&u) && ok;
    }
    tear_down(&u);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

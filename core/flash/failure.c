#include "core/flash/failure.h"

#include <errno.h>
#include <pthread.h>
#include <regex.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/os/tty.h"

enum special { PLAIN, PORT_BUSY };

/* Sources: the tools' own messages, as in progress.c. */
static const struct {
    const char *pattern; /* POSIX extended, case ignored */
    enum jig_code code;
    const char *what;
    const char *hint;
    enum special special;
} rows[] = {
    {"permission denied|access is denied", JIG_PERMISSION_DENIED, "the tool may not open the port",
     "join the group that owns the port (often dialout), then log in again and restart jigd",
     PLAIN},
    {"device or resource busy|resource temporarily unavailable|port is busy", JIG_ABORTED, NULL,
     NULL, PORT_BUSY},
    {"expected signature for|device signature is not|this chip is .* not|"
     "unexpected chip|does not match the expected chip",
     JIG_FAILED_PRECONDITION, "the chip on the board is not the one that the image is for",
     "is it the right board? `jig project` says which one the project is for", PLAIN},
    {"verification (error|mismatch)|verify failed|failed to verify|content mismatch|"
     "does not match the flash",
     JIG_DATA_LOSS, "what was read back differs from what was written",
     "flash it again; if it happens again, suspect power, cable or a worn-out flash", PLAIN},
    {"checksum mismatch at line|invalid record|is not a valid image|"
     "unable to open .* for reading|cannot open input file|can't open input file",
     JIG_INVALID_ARGUMENT, "the tool cannot read the image", "build it again", PLAIN},
    {"cannot open port .*no such|can't open device .*no such|could not open port|"
     "no such file or directory: '/dev",
     JIG_NOT_FOUND, "the port is not there", "plug the board in and see `jig devices list`", PLAIN},
    {"not in sync|programmer is not responding|timeout communicating with programmer|"
     "did not respond|failed to connect to|no device found on|no dfu capable usb device|"
     "not responding|unable to open programmer|unable to connect",
     JIG_UNAVAILABLE, "the bootloader of the board did not answer",
     "is it the board that was named, with its bootloader's upload speed? On some boards reset has "
     "to be pressed while the tool connects",
     PLAIN},
};

static regex_t compiled[JIG_COUNT(rows)];

static void compile(void)
{
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        if (regcomp(&compiled[i], rows[i].pattern, REG_EXTENDED | REG_ICASE | REG_NOSUB) != 0)
            abort(); /* the table is ours */
    }
}

int jig_failure_match(const char *line, int row)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, compile);
    int most = row >= 0 ? row : (int)JIG_COUNT(rows);
    for (int i = 0; i < most; i++) {
        if (regexec(&compiled[i], line, 0, NULL, 0) == 0)
            return i;
    }
    return row;
}

bool jig_failure_is_mismatch(int row)
{
    return row >= 0 && rows[row].code == JIG_DATA_LOSS;
}

enum jig_code jig_failure_explain(int row, const char *device, const char *port, const char *last,
                                  struct jig_err *reterr)
{
    if (row < 0)
        return jig_err_reason(reterr, JIG_UNKNOWN, JIG_REASON_DEPLOY_FAILED,
                              "flashing %s at %s failed: %s", device, port,
                              last[0] != '\0' ? last : "the tool did not say why");
    if (rows[row].special == PORT_BUSY)
        return jig_port_busy(port, EBUSY, reterr);
    jig_err_reason(reterr, rows[row].code, JIG_REASON_DEPLOY_FAILED, "flashing %s at %s failed: %s",
                   device, port, rows[row].what);
    jig_err_hint(reterr, "%s", rows[row].hint);
    return rows[row].code;
}

const char *jig_flash_state_words(enum jig_flash_state state)
{
    static const char *const words[] = {
        [JIG_FLASH_UNTOUCHED] = "nothing was written: what was on the board is still there",
        [JIG_FLASH_PARTIAL] = "the board holds a part of the new image and must be flashed again",
        [JIG_FLASH_UNVERIFIED] = "the image was written, but not verified: flash it again",
        [JIG_FLASH_UNKNOWN] = "it is not known what the board holds: flash it again",
        [JIG_FLASH_COMPLETE] = "the image is complete",
    };
    return words[state];
}

#include "emulators/common/say.h"

#include <errno.h>
#include <stdarg.h>

__attribute__((format(printf, 1, 0))) static void say(const char *fmt, va_list ap)
{
    char line[512];
    vsnprintf(line, sizeof line, fmt, ap);
    fprintf(stderr, "%s: %s\n", program_invocation_short_name, line);
}

bool emu_fail(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    return false;
}

void emu_note(const char *fmt, ...)
{
    static int said;
    if (said >= EMU_NOTES_MAX)
        return;
    said++;
    va_list ap;
    va_start(ap, fmt);
    say(fmt, ap);
    va_end(ap);
    if (said == EMU_NOTES_MAX)
        fprintf(stderr, "%s: no more is said from here on\n", program_invocation_short_name);
}

void emu_json_string(FILE *out, const char *s)
{
    fputc('"', out);
    for (const unsigned char *c = (const unsigned char *)s; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(out, "\\%c", *c);
        else if (*c < 0x20 || *c == 0x7f)
            fprintf(out, "\\u%04x", *c);
        else
            fputc(*c, out);
    }
    fputc('"', out);
}

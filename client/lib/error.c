#include "client/lib/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/base/err.h"
#include "core/base/mem.h"

const char *jig_status_name(enum jig_status status)
{
    static const char *const names[] = {
        [JIG_STATUS_OK] = "ok",
        [JIG_STATUS_CANCELLED] = "cancelled",
        [JIG_STATUS_UNKNOWN] = "unknown",
        [JIG_STATUS_INVALID_ARGUMENT] = "invalid_argument",
        [JIG_STATUS_DEADLINE_EXCEEDED] = "deadline_exceeded",
        [JIG_STATUS_NOT_FOUND] = "not_found",
        [JIG_STATUS_ALREADY_EXISTS] = "already_exists",
        [JIG_STATUS_PERMISSION_DENIED] = "permission_denied",
        [JIG_STATUS_RESOURCE_EXHAUSTED] = "resource_exhausted",
        [JIG_STATUS_FAILED_PRECONDITION] = "failed_precondition",
        [JIG_STATUS_ABORTED] = "aborted",
        [JIG_STATUS_OUT_OF_RANGE] = "out_of_range",
        [JIG_STATUS_UNIMPLEMENTED] = "unimplemented",
        [JIG_STATUS_INTERNAL] = "internal",
        [JIG_STATUS_UNAVAILABLE] = "unavailable",
        [JIG_STATUS_DATA_LOSS] = "data_loss",
        [JIG_STATUS_UNAUTHENTICATED] = "unauthenticated",
    };
    unsigned number = (unsigned)status;
    return number < JIG_COUNT(names) ? names[number] : "unknown";
}

/* vsnprintf, but a text that is cut ends with a whole UTF-8 character. */
static JIG_PRINTF(3, 0) void format(char *out, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(out, size, fmt, ap);
    if (n < 0 || (size_t)n < size)
        return;
    size_t end = size - 1;
    size_t start = end;
    while (start > 0 && end - start < 4 && ((unsigned char)out[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)out[start - 1];
    size_t want = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (want > 1 && end - (start - 1) < want)
        out[start - 1] = '\0';
}

static JIG_PRINTF(4, 0) void setv(struct jig_error *e, enum jig_status status, enum jig_cause cause,
                                  const char *fmt, va_list ap)
{
    if (e == NULL)
        return;
    e->status = status;
    e->cause = cause;
    e->hint[0] = '\0';
    e->details[0] = '\0';
    e->message[0] = '\0';
    format(e->message, sizeof e->message, fmt, ap);
}

enum jig_status jig_error_set(struct jig_error *e, enum jig_status status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    setv(e, status, JIG_CAUSE_NONE, fmt, ap);
    va_end(ap);
    return status;
}

enum jig_status jig_error_cause(struct jig_error *e, enum jig_status status, enum jig_cause cause,
                                const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    setv(e, status, cause, fmt, ap);
    va_end(ap);
    return status;
}

void jig_error_hint(struct jig_error *e, const char *fmt, ...)
{
    if (e == NULL)
        return;
    va_list ap;
    va_start(ap, fmt);
    format(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
}

void jig_error_detail(struct jig_error *e, const char *name)
{
    if (e == NULL)
        return;
    size_t used = strlen(e->details);
    size_t more = strlen(name);
    size_t separator = used != 0 ? 1 : 0;
    if (more + separator >= sizeof e->details - used)
        return;
    if (separator != 0)
        e->details[used++] = '\n';
    memcpy(e->details + used, name, more + 1);
}

enum jig_status jig_error_memory(struct jig_error *e)
{
    return jig_error_set(e, JIG_STATUS_RESOURCE_EXHAUSTED, "out of memory");
}

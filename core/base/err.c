#include "core/base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    const char *lower;
} code_names[JIG_CODE_COUNT] = {
    [JIG_OK] = {"OK", "ok"},
    [JIG_CANCELLED] = {"CANCELLED", "cancelled"},
    [JIG_UNKNOWN] = {"UNKNOWN", "unknown"},
    [JIG_INVALID_ARGUMENT] = {"INVALID_ARGUMENT", "invalid_argument"},
    [JIG_DEADLINE_EXCEEDED] = {"DEADLINE_EXCEEDED", "deadline_exceeded"},
    [JIG_NOT_FOUND] = {"NOT_FOUND", "not_found"},
    [JIG_ALREADY_EXISTS] = {"ALREADY_EXISTS", "already_exists"},
    [JIG_PERMISSION_DENIED] = {"PERMISSION_DENIED", "permission_denied"},
    [JIG_RESOURCE_EXHAUSTED] = {"RESOURCE_EXHAUSTED", "resource_exhausted"},
    [JIG_FAILED_PRECONDITION] = {"FAILED_PRECONDITION", "failed_precondition"},
    [JIG_ABORTED] = {"ABORTED", "aborted"},
    [JIG_OUT_OF_RANGE] = {"OUT_OF_RANGE", "out_of_range"},
    [JIG_UNIMPLEMENTED] = {"UNIMPLEMENTED", "unimplemented"},
    [JIG_INTERNAL] = {"INTERNAL", "internal"},
    [JIG_UNAVAILABLE] = {"UNAVAILABLE", "unavailable"},
    [JIG_DATA_LOSS] = {"DATA_LOSS", "data_loss"},
    [JIG_UNAUTHENTICATED] = {"UNAUTHENTICATED", "unauthenticated"},
};

static const struct {
    int sys_errno;
    enum jig_code code;
} errno_codes[] = {
    {ENOENT, JIG_NOT_FOUND},
    {ENOTDIR, JIG_NOT_FOUND},
    {ENODEV, JIG_NOT_FOUND},
    {ENXIO, JIG_NOT_FOUND},
    {EACCES, JIG_PERMISSION_DENIED},
    {EPERM, JIG_PERMISSION_DENIED},
    {EROFS, JIG_PERMISSION_DENIED},
    {EEXIST, JIG_ALREADY_EXISTS},
    {ENOSPC, JIG_RESOURCE_EXHAUSTED},
    {EDQUOT, JIG_RESOURCE_EXHAUSTED},
    {EMFILE, JIG_RESOURCE_EXHAUSTED},
    {ENFILE, JIG_RESOURCE_EXHAUSTED},
    {ENOMEM, JIG_RESOURCE_EXHAUSTED},
    {EBUSY, JIG_ABORTED},
    {ETXTBSY, JIG_ABORTED},
    {EWOULDBLOCK, JIG_ABORTED},
    {ETIMEDOUT, JIG_DEADLINE_EXCEEDED},
    {ECANCELED, JIG_CANCELLED},
    {ECONNREFUSED, JIG_UNAVAILABLE},
    {ECONNRESET, JIG_UNAVAILABLE},
    {EPIPE, JIG_UNAVAILABLE},
    {EIO, JIG_DATA_LOSS},
    {ENAMETOOLONG, JIG_INVALID_ARGUMENT},
    {ELOOP, JIG_INVALID_ARGUMENT},
    {EISDIR, JIG_INVALID_ARGUMENT},
    {EINVAL, JIG_INVALID_ARGUMENT},
    {ENOSYS, JIG_UNIMPLEMENTED},
    {EOPNOTSUPP, JIG_UNIMPLEMENTED},
};

/* Ends a message that was cut on a whole UTF-8 character. */
static void trim_partial_utf8(char *s)
{
    size_t n = strlen(s);
    size_t i = n;
    while (i > 0 && ((unsigned char)s[i - 1] & 0xC0) == 0x80)
        i--;
    if (i == 0)
        return;
    unsigned char lead = (unsigned char)s[i - 1];
    size_t want = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (n - (i - 1) < want)
        s[i - 1] = '\0';
}

static JIG_PRINTF(3, 0) void format(char *dst, size_t size, const char *fmt, va_list ap)
{
    int n = vsnprintf(dst, size, fmt, ap);
    if (n >= (int)size)
        trim_partial_utf8(dst);
}

enum jig_code jig_err_setv(struct jig_err *e, enum jig_code code, const char *fmt, va_list ap)
{
    if (e == NULL)
        return code;
    char message[JIG_ERR_MESSAGE_MAX];
    format(message, sizeof message, fmt, ap); /* the arguments may point into *e */
    e->code = code;
    e->reason = JIG_REASON_NONE;
    e->sys_errno = 0;
    e->hint[0] = '\0';
    memcpy(e->message, message, sizeof message);
    return code;
}

enum jig_code jig_err_set(struct jig_err *e, enum jig_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(e, code, fmt, ap);
    va_end(ap);
    return code;
}

enum jig_code jig_err_reason(struct jig_err *e, enum jig_code code, enum jig_reason reason,
                             const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(e, code, fmt, ap);
    va_end(ap);
    if (e != NULL)
        e->reason = reason;
    return code;
}

enum jig_code jig_err_sys(struct jig_err *e, int sys_errno, const char *fmt, ...)
{
    enum jig_code code = jig_code_from_errno(sys_errno);
    if (e == NULL)
        return code;
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(e, code, fmt, ap);
    va_end(ap);
    e->sys_errno = sys_errno;
    size_t n = strlen(e->message);
    char why[128];
    const char *text = strerror_r(sys_errno, why, sizeof why);
    snprintf(e->message + n, sizeof e->message - n, ": %s", text);
    return code;
}

void jig_err_hint(struct jig_err *e, const char *fmt, ...)
{
    if (e == NULL)
        return;
    va_list ap;
    va_start(ap, fmt);
    format(e->hint, sizeof e->hint, fmt, ap);
    va_end(ap);
}

void jig_err_prefix(struct jig_err *e, const char *fmt, ...)
{
    if (e == NULL)
        return;
    char old[JIG_ERR_MESSAGE_MAX];
    memcpy(old, e->message, sizeof old);
    va_list ap;
    va_start(ap, fmt);
    format(e->message, sizeof e->message, fmt, ap);
    va_end(ap);
    size_t n = strlen(e->message);
    int more = snprintf(e->message + n, sizeof e->message - n, ": %s", old);
    if (n + (size_t)more >= sizeof e->message)
        trim_partial_utf8(e->message);
}

void jig_err_clear(struct jig_err *e)
{
    if (e == NULL)
        return;
    e->code = JIG_OK;
    e->reason = JIG_REASON_NONE;
    e->sys_errno = 0;
    e->message[0] = '\0';
    e->hint[0] = '\0';
}

enum jig_code jig_code_from_errno(int sys_errno)
{
    for (size_t i = 0; i < sizeof errno_codes / sizeof errno_codes[0]; i++) {
        if (errno_codes[i].sys_errno == sys_errno)
            return errno_codes[i].code;
    }
    return JIG_UNKNOWN;
}

const char *jig_code_name(enum jig_code code)
{
    return (unsigned)code < JIG_CODE_COUNT ? code_names[code].name : "UNKNOWN";
}

const char *jig_code_lower_name(enum jig_code code)
{
    return (unsigned)code < JIG_CODE_COUNT ? code_names[code].lower : "unknown";
}

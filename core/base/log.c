#include "core/base/log.h"

#include <stdatomic.h>
#include <stdio.h>

#define LINE_MAX_BYTES 2048

static void write_stderr(void *ctx, enum jig_log_level level, const char *id, const char *text)
{
    (void)ctx;
    fprintf(stderr, "%s: %s: %s\n", jig_log_level_name(level), id, text);
}

static struct jig_log_sink the_sink = {.write = write_stderr};
static atomic_int least = JIG_LOG_WARNING;

void jig_log_set_sink(struct jig_log_sink sink)
{
    the_sink = sink;
    jig_log_set_least(sink.least);
}

void jig_log_set_least(enum jig_log_level level)
{
    atomic_store(&least, (int)level);
}

void jig_log(enum jig_log_level level, const char *id, const char *fmt, ...)
{
    if ((int)level < atomic_load(&least))
        return;
    char text[LINE_MAX_BYTES];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    the_sink.write(the_sink.ctx, level, id, text);
}

const char *jig_log_level_name(enum jig_log_level level)
{
    static const char *const names[] = {"debug", "info", "warning", "error"};
    return (unsigned)level < sizeof names / sizeof names[0] ? names[level] : "error";
}

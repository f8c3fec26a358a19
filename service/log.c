#include "service/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

#define LINE_MAX_BYTES 4096

struct jig_log_file {
    pthread_mutex_t mu;
    char *path;
    char *older;
    size_t file_max;
    bool echo;
    struct jig_clock clock;
    /* All guarded by mu: */
    int fd; /* -1: it could not be opened again */
    size_t size;
    char *lines[JIG_LOG_LINES_MAX]; /* a ring: the oldest is lines[first] */
    size_t first;
    size_t count;
    size_t bytes;
};

static int open_file(const char *path, size_t *ret_size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    struct stat st;
    if (fd >= 0)
        *ret_size = fstat(fd, &st) == 0 ? (size_t)st.st_size : 0;
    return fd;
}

enum jig_code jig_log_file_open(const char *path, size_t file_max, bool echo,
                                const struct jig_clock *clock, struct jig_log_file **ret,
                                struct jig_err *reterr)
{
    size_t size = 0;
    int fd = open_file(path, &size);
    if (fd < 0)
        return jig_err_sys(reterr, errno, "cannot open the log %s", path);
    struct jig_log_file *log = jig_new(struct jig_log_file);
    pthread_mutex_init(&log->mu, NULL);
    log->path = jig_xstrdup(path);
    log->older = jig_strf("%s.1", path);
    log->file_max = file_max != 0 ? file_max : JIG_LOG_FILE_MAX;
    log->echo = echo;
    log->clock = *clock;
    log->fd = fd;
    log->size = size;
    *ret = log;
    return JIG_OK;
}

void jig_log_file_close(struct jig_log_file *log)
{
    if (log == NULL)
        return;
    for (size_t i = 0; i < log->count; i++)
        free(log->lines[(log->first + i) % JIG_LOG_LINES_MAX]);
    if (log->fd >= 0)
        close(log->fd);
    pthread_mutex_destroy(&log->mu);
    free(log->path);
    free(log->older);
    free(log);
}

/* ---- one line ---- */

static void put_time(struct jig_buf *b, int64_t unix_ms)
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    char text[32];
    strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    jig_buf_printf(b, "%s.%03dZ ", text, (int)(unix_ms % 1000));
}

static void put_text(struct jig_buf *b, const char *text)
{
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c == '\n')
            jig_buf_puts(b, "\\n");
        else if (c < 0x20 || c == 0x7f)
            jig_buf_printf(b, "\\x%02x", c);
        else
            jig_buf_putc(b, *p);
    }
}

static void format_line(struct jig_buf *b, int64_t unix_ms, enum jig_log_level level,
                        const char *id, const char *text)
{
    put_time(b, unix_ms);
    jig_buf_printf(b, "%s %s ", jig_log_level_name(level), id);
    put_text(b, text);
}

/* ---- where it goes ---- */

/* mu is held. */
static void remember(struct jig_log_file *log, const char *line, size_t n)
{
    while (log->count > 0 &&
           (log->count == JIG_LOG_LINES_MAX || log->bytes + n > JIG_LOG_MEMORY_MAX)) {
        char *oldest = log->lines[log->first];
        log->bytes -= strlen(oldest);
        free(oldest);
        log->first = (log->first + 1) % JIG_LOG_LINES_MAX;
        log->count--;
    }
    log->lines[(log->first + log->count) % JIG_LOG_LINES_MAX] = jig_xstrndup(line, n);
    log->count++;
    log->bytes += n;
}

/* mu is held. */
static void rotate(struct jig_log_file *log)
{
    close(log->fd);
    log->fd = -1;
    if (jig_fs_rename(log->path, log->older, NULL) == JIG_OK || errno == ENOENT)
        log->size = 0;
    log->fd = open_file(log->path, &log->size);
}

/* mu is held. */
static void write_out(struct jig_log_file *log, const char *line, size_t n)
{
    if (log->echo && jig_fd_write_all(STDERR_FILENO, line, n, NULL) != JIG_OK)
        log->echo = false; /* nobody reads it any more */
    if (log->fd >= 0 && log->size > 0 && log->size + n > log->file_max)
        rotate(log);
    if (log->fd >= 0 && jig_fd_write_all(log->fd, line, n, NULL) == JIG_OK)
        log->size += n;
}

static void write_line(void *ctx, enum jig_log_level level, const char *id, const char *text)
{
    struct jig_log_file *log = ctx;
    struct jig_buf b;
    jig_buf_init(&b, 4 * LINE_MAX_BYTES + 256); /* all of it escaped */
    format_line(&b, log->clock.unix_ms(log->clock.ctx), level, id, text);
    size_t n = b.len;
    jig_buf_putc(&b, '\n');
    pthread_mutex_lock(&log->mu);
    if (!b.failed) {
        remember(log, b.data, n);
        write_out(log, b.data, b.len);
    }
    pthread_mutex_unlock(&log->mu);
    jig_buf_release(&b);
}

struct jig_log_sink jig_log_file_sink(struct jig_log_file *log, enum jig_log_level least)
{
    return (struct jig_log_sink){.write = write_line, .ctx = log, .least = least};
}

void jig_log_file_tail(struct jig_log_file *log, size_t max, struct jig_strv *out)
{
    pthread_mutex_lock(&log->mu);
    size_t skip = log->count > max ? log->count - max : 0;
    for (size_t i = skip; i < log->count; i++)
        jig_strv_append(out, log->lines[(log->first + i) % JIG_LOG_LINES_MAX]);
    pthread_mutex_unlock(&log->mu);
}

const char *jig_log_file_path(const struct jig_log_file *log)
{
    return log->path;
}

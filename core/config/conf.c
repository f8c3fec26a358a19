#include "core/config/conf.h"

#include <ini.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/config/conf_keys.h"
#include "core/os/fs.h"

#define CONF_MAX         (256u << 10) /* bytes of a file */
#define SECTION_NAME_MAX 49           /* inih cuts longer ones without a word */
#define MOST_SECTIONS    1000

void jig_conf_init(struct jig_conf *c)
{
    *c = (struct jig_conf){
        .idle_exit_s = 1800,
        .max_message_bytes = 16u << 20,
        .log_level = JIG_LOG_INFO,
        .operations = 4,
        .trust = JIG_TRUST_VERIFY,
    };
}

void jig_conf_release(struct jig_conf *c)
{
    for (size_t i = 0; i < c->n_devices; i++) {
        free(c->devices[i].name);
        free(c->devices[i].port);
        free(c->devices[i].id);
        jig_strv_release(&c->devices[i].labels);
        free(c->devices[i].fqbn);
    }
    for (size_t i = 0; i < c->n_emulated; i++) {
        free(c->emulated[i].name);
        free(c->emulated[i].board);
        free(c->emulated[i].flash);
    }
    free(c->devices);
    free(c->emulated);
    free(c->listen_tcp);
    free(c->overlays);
    free(c->fetch.proxy);
    free(c->fetch.no_proxy);
    free(c->fetch.ca_file);
    free(c->fetch.netrc);
    free(c->fetch.tokens);
    free(c->cache_second);
    free(c->cache_remote);
    jig_strv_release(&c->hardware);
    jig_strv_release(&c->libraries);
    jig_strv_release(&c->indexes);
    jig_conf_init(c);
}

/* --- one file -------------------------------------------------------------------------------- */

struct reading {
    struct jig_conf *conf;
    const char *file;
    const char *text;    /* what is left to read */
    unsigned line;       /* the one that inih was given last */
    struct jig_map seen; /* "section\nkey" of this file */
    bool failed;
    struct jig_err *reterr;
};

/* Keeps the first error only: inih goes on behind it. Returns what inih takes for one. */
static int bad_line(struct reading *r, const char *fmt, ...) JIG_PRINTF(2, 3);

static int bad_line(struct reading *r, const char *fmt, ...)
{
    if (r->failed)
        return 0;
    r->failed = true;
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(r->reterr, JIG_INVALID_ARGUMENT, fmt, ap);
    va_end(ap);
    jig_err_prefix(r->reterr, "%s:%u", r->file, r->line);
    if (r->reterr != NULL)
        r->reterr->reason = JIG_REASON_BAD_PROJECT;
    return 0;
}

static bool is_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-#";
    return s[0] != '\0' && s[strspn(s, allowed)] == '\0';
}

static struct jig_conf_device *device_of(struct jig_conf *c, const char *name)
{
    for (size_t i = 0; i < c->n_devices; i++) {
        if (strcmp(c->devices[i].name, name) == 0)
            return &c->devices[i];
    }
    c->devices = jig_xrealloc(c->devices, c->n_devices + 1, sizeof *c->devices);
    struct jig_conf_device *d = &c->devices[c->n_devices++];
    *d = (struct jig_conf_device){.name = jig_xstrdup(name)};
    return d;
}

static struct jig_conf_emulated *emulated_of(struct jig_conf *c, const char *name)
{
    for (size_t i = 0; i < c->n_emulated; i++) {
        if (strcmp(c->emulated[i].name, name) == 0)
            return &c->emulated[i];
    }
    c->emulated = jig_xrealloc(c->emulated, c->n_emulated + 1, sizeof *c->emulated);
    struct jig_conf_emulated *e = &c->emulated[c->n_emulated++];
    *e = (struct jig_conf_emulated){
        .name = jig_xstrdup(name), .board = jig_xstrdup("uno"), .enabled = true};
    return e;
}

static bool is_plain_section(const char *section)
{
    static const char *const plain[] = {"daemon", "build", "fetch", "cache", "packages"};
    for (size_t i = 0; i < JIG_COUNT(plain); i++) {
        if (strcmp(plain[i], section) == 0)
            return true;
    }
    return false;
}

/* The record that a section's keys go into, and its kind's name; NULL after an error. */
static void *record_of(struct reading *r, const char *section, char **ret_kind)
{
    size_t n = strcspn(section, " \t");
    const char *name = section + n + strspn(section + n, " \t");
    char *kind = jig_xstrndup(section, n);
    struct jig_conf *c = r->conf;
    void *record = NULL;
    bool named = strcmp(kind, "device") == 0 || strcmp(kind, "emulated") == 0;
    if (named && !is_name(name))
        bad_line(r, "[%s] needs a name of letters, digits and _ . - #: [%s NAME]", section, kind);
    else if (named && c->n_devices + c->n_emulated >= MOST_SECTIONS)
        bad_line(r, "there are more than %d devices", MOST_SECTIONS);
    else if (strcmp(kind, "device") == 0)
        record = device_of(c, name);
    else if (strcmp(kind, "emulated") == 0)
        record = emulated_of(c, name);
    else if (is_plain_section(section))
        record = c;
    else
        bad_line(
            r,
            "there is no section [%s]; there are [daemon], [build], [fetch], [cache], [packages], "
            "[device NAME] and [emulated NAME]",
            section);
    *ret_kind = kind;
    return record;
}

static int unknown_key(struct reading *r, const char *kind, const char *section, const char *key)
{
    struct jig_strv names = {0};
    struct jig_strv near = {0};
    for (size_t i = 0; i < jig_conf_key_count; i++) {
        if (strcmp(jig_conf_keys[i].section, kind) == 0)
            jig_strv_append(&names, jig_conf_keys[i].name);
    }
    jig_nearest(key, &names, 1, &near);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&names, ", ");
    if (near.n > 0)
        bad_line(r, "[%s] has no key '%s'; did you mean '%s'?", section, key, near.v[0]);
    else
        bad_line(r, "[%s] has no key '%s'; there are: %s", section, key, all);
    jig_strv_release(&names);
    jig_strv_release(&near);
    return 0;
}

static const struct jig_conf_key *find_key(const char *kind, const char *name)
{
    for (size_t i = 0; i < jig_conf_key_count; i++) {
        if (strcmp(jig_conf_keys[i].section, kind) == 0 && strcmp(jig_conf_keys[i].name, name) == 0)
            return &jig_conf_keys[i];
    }
    return NULL;
}

static int on_value(void *user, const char *section, const char *name, const char *value)
{
    struct reading *r = user;
    if (r->failed)
        return 0;
    if (section[0] == '\0')
        return bad_line(r, "'%s' stands before the first [section]", name);
    JIG_CLEANUP_FREE char *kind = NULL;
    void *record = record_of(r, section, &kind);
    if (record == NULL)
        return 0;
    const struct jig_conf_key *key = find_key(kind, name);
    if (key == NULL)
        return unknown_key(r, kind, section, name);
    JIG_CLEANUP_FREE char *mark = jig_strf("%s\n%s", section, name);
    bool again = jig_map_has(&r->seen, mark);
    jig_map_set(&r->seen, mark, r);
    if (again && !jig_conf_key_is_list(key))
        return bad_line(r, "[%s] has '%s' twice", section, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(r->file);
    struct jig_err why = JIG_ERR_INIT;
    if (jig_conf_key_set(key, record, value, again, dir, &why) != JIG_OK)
        return bad_line(r, "%s", why.message);
    return 1;
}

/* A section without keys is not told to on_value: it is looked at here. */
static void see_header(struct reading *r, const char *line, size_t n)
{
    const char *close = memchr(line, ']', n);
    if (line[0] != '[' || close == NULL || r->failed)
        return;
    size_t length = (size_t)(close - line) - 1;
    if (length > SECTION_NAME_MAX) {
        bad_line(r, "the section's name is longer than %d characters", SECTION_NAME_MAX);
        return;
    }
    JIG_CLEANUP_FREE char *section = jig_xstrndup(line + 1, length);
    JIG_CLEANUP_FREE char *kind = NULL;
    (void)record_of(r, section, &kind);
}

/* inih's reader: one line into str, which holds num bytes with the NUL. */
static char *next_line(char *str, int num, void *stream)
{
    struct reading *r = stream;
    if (*r->text == '\0' || r->failed)
        return NULL;
    size_t n = strcspn(r->text, "\n");
    size_t whole = n + (r->text[n] == '\n');
    r->line++;
    if (whole >= (size_t)num) {
        bad_line(r, "the line is longer than %d characters", num - 3);
        return NULL;
    }
    see_header(r, r->text, n);
    memcpy(str, r->text, whole);
    str[whole] = '\0';
    r->text += whole;
    return r->failed ? NULL : str;
}

static void check_devices(struct reading *r)
{
    for (size_t i = 0; i < r->conf->n_devices && !r->failed; i++) {
        const struct jig_conf_device *d = &r->conf->devices[i];
        if ((d->port != NULL) != (d->id != NULL))
            continue;
        r->failed = true;
        jig_err_reason(r->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                       d->port == NULL ? "%s: [device %s] has no 'port' and no 'id'"
                                       : "%s: [device %s] has a 'port' and an 'id', and takes one",
                       r->file, d->name);
    }
}

enum jig_code jig_conf_parse(struct jig_conf *c, const char *file, const char *text, size_t n,
                             struct jig_err *reterr)
{
    struct reading r = {.conf = c, .file = file, .text = text, .reterr = reterr};
    if (!jig_utf8_valid(text, n))
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is not UTF-8 text", file);
    jig_map_init(&r.seen, NULL);
    int bad = ini_parse_stream(next_line, &r, on_value, &r);
    if (bad > 0 && !r.failed) {
        r.line = (unsigned)bad;
        bad_line(&r, "this is neither a [section] nor 'key = value'");
    }
    check_devices(&r);
    jig_map_release(&r.seen);
    return r.failed ? JIG_INVALID_ARGUMENT : JIG_OK;
}

enum jig_code jig_conf_read(struct jig_conf *c, const char *path, struct jig_err *reterr)
{
    struct jig_buf text;
    jig_buf_init(&text, CONF_MAX);
    enum jig_code code = jig_fs_read(path, &text, reterr);
    if (code == JIG_OK)
        code = jig_conf_parse(c, path, text.data, text.len, reterr);
    else if (code != JIG_NOT_FOUND && reterr != NULL)
        reterr->reason = JIG_REASON_BAD_PROJECT;
    jig_buf_release(&text);
    return code;
}

enum jig_code jig_conf_load(struct jig_conf *c, const char *config_dir, const char *only,
                            struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *own = jig_path_join(config_dir, "jigd.conf");
    const char *files[] = {"/etc/jig/jigd.conf", own};
    enum jig_code code = JIG_OK;
    jig_conf_init(c);
    if (only != NULL)
        code = jig_conf_read(c, only, reterr);
    for (size_t i = 0; only == NULL && code == JIG_OK && i < JIG_COUNT(files); i++) {
        if (jig_fs_exists(files[i]))
            code = jig_conf_read(c, files[i], reterr);
    }
    if (code != JIG_OK)
        jig_conf_release(c);
    return code;
}

#include "core/config/conf_keys.h"

#include <string.h>
#include <strings.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/conf.h"
#include "core/os/dirs.h"
#include "core/os/fs.h"

#define LEAST_SIZE (UINT64_C(1) << 20)
#define MOST_SIZE  (UINT64_C(1) << 60)

#define IN_CONF(field)     offsetof(struct jig_conf, field)
#define IN_DEVICE(field)   offsetof(struct jig_conf_device, field)
#define IN_EMULATED(field) offsetof(struct jig_conf_emulated, field)

const struct jig_conf_key jig_conf_keys[] = {
    {"daemon", "idle_exit_s", JIG_CONF_NUMBER, IN_CONF(idle_exit_s), 0, 31536000},
    {"daemon", "listen_tcp", JIG_CONF_LISTEN, IN_CONF(listen_tcp), 0, 0},
    {"daemon", "max_message_bytes", JIG_CONF_BYTES, IN_CONF(max_message_bytes), 4096, 256u << 20},
    {"daemon", "log_level", JIG_CONF_LEVEL, IN_CONF(log_level), 0, 0},
    {"daemon", "operations", JIG_CONF_NUMBER, IN_CONF(operations), 1, 256},
    {"daemon", "jobs", JIG_CONF_NUMBER, IN_CONF(jobs), 0, 1024},
    {"daemon", "trust", JIG_CONF_TRUST, IN_CONF(trust), 0, 0},
    {"build", "overlays", JIG_CONF_PATH, IN_CONF(overlays), 0, 0},
    {"build", "hardware", JIG_CONF_PATHS, IN_CONF(hardware), 0, 0},
    {"build", "libraries", JIG_CONF_PATHS, IN_CONF(libraries), 0, 0},
    {"build", "check_answers", JIG_CONF_BOOL, IN_CONF(check_answers), 0, 0},
    {"fetch", "proxy", JIG_CONF_TEXT, IN_CONF(fetch.proxy), 0, 0},
    {"fetch", "no_proxy", JIG_CONF_TEXT, IN_CONF(fetch.no_proxy), 0, 0},
    {"fetch", "ca_file", JIG_CONF_PATH, IN_CONF(fetch.ca_file), 0, 0},
    {"fetch", "netrc", JIG_CONF_PATH, IN_CONF(fetch.netrc), 0, 0},
    {"fetch", "tokens", JIG_CONF_PATH, IN_CONF(fetch.tokens), 0, 0},
    {"fetch", "allow_file", JIG_CONF_BOOL, IN_CONF(fetch.allow_file), 0, 0},
    {"fetch", "connect_s", JIG_CONF_NUMBER, IN_CONF(fetch.connect_s), 1, 3600},
    {"fetch", "stall_s", JIG_CONF_NUMBER, IN_CONF(fetch.stall_s), 1, 3600},
    {"fetch", "rounds", JIG_CONF_NUMBER, IN_CONF(fetch.rounds), 1, 100},
    {"fetch", "host_at_once", JIG_CONF_NUMBER, IN_CONF(fetch.host_at_once), 1, 64},
    {"fetch", "at_once", JIG_CONF_NUMBER, IN_CONF(fetch.at_once), 1, 64},
    {"fetch", "archive_entries", JIG_CONF_NUMBER, IN_CONF(fetch.archive_entries), 1, 100000000},
    {"fetch", "archive_mib", JIG_CONF_NUMBER, IN_CONF(fetch.archive_mib), 1, 16777216},
    {"fetch", "archive_ratio", JIG_CONF_NUMBER, IN_CONF(fetch.archive_ratio), 1, 1000000},
    {"fetch", "archive_refuse_twins", JIG_CONF_BOOL, IN_CONF(fetch.archive_refuse_twins), 0, 0},
    {"cache", "second", JIG_CONF_PATH, IN_CONF(cache_second), 0, 0},
    {"cache", "archives", JIG_CONF_SIZE, IN_CONF(cache_archives), 0, 0},
    {"cache", "archives_low", JIG_CONF_SIZE, IN_CONF(cache_archives_low), 0, 0},
    {"cache", "installed", JIG_CONF_SIZE, IN_CONF(cache_installed), 0, 0},
    {"cache", "installed_low", JIG_CONF_SIZE, IN_CONF(cache_installed_low), 0, 0},
    {"cache", "objects", JIG_CONF_SIZE, IN_CONF(cache_objects), 0, 0},
    {"cache", "remote", JIG_CONF_TEXT, IN_CONF(cache_remote), 0, 0},
    {"cache", "remote_readonly", JIG_CONF_BOOL, IN_CONF(cache_remote_readonly), 0, 0},
    {"packages", "indexes", JIG_CONF_TEXTS, IN_CONF(indexes), 0, 0},
    {"packages", "indexes_only", JIG_CONF_BOOL, IN_CONF(indexes_only), 0, 0},
    {"packages", "install", JIG_CONF_BOOL, IN_CONF(install_packages), 0, 0},
    {"device", "port", JIG_CONF_PATH, IN_DEVICE(port), 0, 0},
    {"device", "id", JIG_CONF_TEXT, IN_DEVICE(id), 0, 0},
    {"device", "labels", JIG_CONF_TEXTS, IN_DEVICE(labels), 0, 0},
    {"device", "fqbn", JIG_CONF_TEXT, IN_DEVICE(fqbn), 0, 0},
    {"device", "baud", JIG_CONF_NUMBER, IN_DEVICE(baud), 50, 12000000},
    {"device", "trust", JIG_CONF_TRUST, IN_DEVICE(trust), 0, 0},
    {"emulated", "board", JIG_CONF_TEXT, IN_EMULATED(board), 0, 0},
    {"emulated", "enabled", JIG_CONF_BOOL, IN_EMULATED(enabled), 0, 0},
    {"emulated", "flash", JIG_CONF_PATH, IN_EMULATED(flash), 0, 0},
    {"emulated", "trust", JIG_CONF_TRUST, IN_EMULATED(trust), 0, 0},
};
const size_t jig_conf_key_count = JIG_COUNT(jig_conf_keys);

bool jig_conf_key_is_list(const struct jig_conf_key *key)
{
    return key->kind == JIG_CONF_TEXTS || key->kind == JIG_CONF_PATHS;
}

static enum jig_code bad(struct jig_err *reterr, const struct jig_conf_key *key, const char *value,
                         const char *what)
{
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' for %s is not %s", value, key->name,
                       what);
}

static enum jig_code set_number(const struct jig_conf_key *key, uint32_t *field, const char *value,
                                struct jig_err *reterr)
{
    uint64_t number;
    bool parsed = key->kind == JIG_CONF_BYTES ? jig_parse_size(value, &number)
                                              : jig_parse_u64(value, &number);
    if (parsed && number >= key->least && number <= key->most) {
        *field = (uint32_t)number;
        return JIG_OK;
    }
    JIG_CLEANUP_FREE char *range =
        jig_strf("a %s from %u to %u", key->kind == JIG_CONF_BYTES ? "size" : "number", key->least,
                 key->most);
    return bad(reterr, key, value, range);
}

static enum jig_code set_size(const struct jig_conf_key *key, uint64_t *field, const char *value,
                              struct jig_err *reterr)
{
    uint64_t bytes;
    if (!jig_parse_size(value, &bytes) || bytes < LEAST_SIZE || bytes > MOST_SIZE)
        return bad(reterr, key, value, "a size from 1 MiB to 1024 PiB, such as 15 GiB");
    *field = bytes;
    return JIG_OK;
}

static enum jig_code set_bool(const struct jig_conf_key *key, bool *field, const char *value,
                              struct jig_err *reterr)
{
    static const struct {
        const char *word;
        bool value;
    } words[] = {{"yes", true}, {"no", false},  {"true", true}, {"false", false},
                 {"on", true},  {"off", false}, {"1", true},    {"0", false}};
    for (size_t i = 0; i < JIG_COUNT(words); i++) {
        if (strcasecmp(words[i].word, value) != 0)
            continue;
        *field = words[i].value;
        return JIG_OK;
    }
    return bad(reterr, key, value, "yes or no");
}

static enum jig_code set_level(const struct jig_conf_key *key, enum jig_log_level *field,
                               const char *value, struct jig_err *reterr)
{
    for (int level = JIG_LOG_DEBUG; level <= JIG_LOG_ERROR; level++) {
        if (strcmp(jig_log_level_name((enum jig_log_level)level), value) != 0)
            continue;
        *field = (enum jig_log_level)level;
        return JIG_OK;
    }
    return bad(reterr, key, value, "debug, info, warning or error");
}

static enum jig_code set_trust(const struct jig_conf_key *key, enum jig_trust_mode *field,
                               const char *value, struct jig_err *reterr)
{
    static const char *const words[] = {
        [JIG_TRUST_SESSION] = "session", [JIG_TRUST_VERIFY] = "verify", [JIG_TRUST_NONE] = "none"};
    for (size_t i = JIG_TRUST_SESSION; i < JIG_COUNT(words); i++) {
        if (strcmp(words[i], value) != 0)
            continue;
        *field = (enum jig_trust_mode)i;
        return JIG_OK;
    }
    return bad(reterr, key, value, "session, verify or none");
}

static void replace(char **field, char *value)
{
    free(*field);
    *field = value;
}

/* Only this machine may be let in: there is no other authentication on TCP yet. */
static enum jig_code set_listen(const struct jig_conf_key *key, char **field, const char *value,
                                struct jig_err *reterr)
{
    static const char loopback[] = "127.0.0.1:";
    uint64_t port;
    if (!jig_str_starts(value, loopback) || !jig_parse_u64(value + strlen(loopback), &port) ||
        port > 65535)
        return bad(reterr, key, value, "of the form 127.0.0.1:PORT");
    replace(field, jig_xstrdup(value));
    return JIG_OK;
}

static char *absolute(const char *dir, const char *path)
{
    if (path[0] != '~' || path[1] != '/')
        return jig_path_absolute(dir, path);
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    return jig_path_absolute(home, path + 2);
}

static void set_list(const struct jig_conf_key *key, struct jig_strv *field, const char *value,
                     bool more, const char *dir)
{
    struct jig_strv items = {0};
    if (!more)
        jig_strv_clear(field);
    jig_str_split(value, ",", false, &items);
    for (size_t i = 0; i < items.n; i++) {
        const char *item = jig_str_trim(items.v[i]);
        if (item[0] == '\0')
            continue;
        if (key->kind == JIG_CONF_PATHS)
            jig_strv_append_take(field, absolute(dir, item));
        else
            jig_strv_append(field, item);
    }
    jig_strv_release(&items);
}

enum jig_code jig_conf_key_set(const struct jig_conf_key *key, void *record, const char *value,
                               bool more, const char *dir, struct jig_err *reterr)
{
    void *field = (char *)record + key->offset;
    bool may_be_empty = jig_conf_key_is_list(key);
    if (value[0] == '\0' && !may_be_empty)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%s' has no value", key->name);
    switch (key->kind) {
    case JIG_CONF_NUMBER:
    case JIG_CONF_BYTES:
        return set_number(key, field, value, reterr);
    case JIG_CONF_SIZE:
        return set_size(key, field, value, reterr);
    case JIG_CONF_BOOL:
        return set_bool(key, field, value, reterr);
    case JIG_CONF_LEVEL:
        return set_level(key, field, value, reterr);
    case JIG_CONF_LISTEN:
        return set_listen(key, field, value, reterr);
    case JIG_CONF_TRUST:
        return set_trust(key, field, value, reterr);
    case JIG_CONF_TEXT:
        replace(field, jig_xstrdup(value));
        return JIG_OK;
    case JIG_CONF_PATH:
        replace(field, absolute(dir, value));
        return JIG_OK;
    case JIG_CONF_TEXTS:
    case JIG_CONF_PATHS:
        set_list(key, field, value, more, dir);
        return JIG_OK;
    }
    return JIG_OK;
}

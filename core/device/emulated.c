#include "core/device/emulated.h"

#include <jansson.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/bell.h"
#include "core/os/fs.h"
#include "core/os/proc.h"
#include "core/os/time.h"

#define START_MS     10000
#define END_GRACE_MS 2000 /* to save its flash; it does so at every page, so this is plenty */
#define LINE_MAX     4096
#define LAST_WORDS   256
#define PREFIX       "emulated:"

enum state { STOPPED, STARTING, RUNNING, ENDING };

struct instance {
    struct jig_emulators *owner;
    char *id;
    char *flash;           /* or NULL: in the state folder */
    struct jig_proc *proc; /* the thread's own, once it runs */

    /* guarded by the owner's mu */
    enum state state;
    bool has_thread; /* to be joined before the next start */
    pthread_t thread;
    struct jig_cancel stop; /* valid while has_thread */
    uint64_t attempt;
    char *port;
    char *control;
    struct jig_err failure; /* of the last attempt */

    /* the thread's own */
    struct jig_buf line;
    char last_words[LAST_WORDS];
    size_t n_last_words;
};

struct jig_emulators {
    struct jig_inventory *inv;
    char *program, *board, *fqbn, *product, *state_dir, *socket_dir;
    unsigned most;
    int start_ms;
    struct jig_bell bell; /* a state has changed */
    pthread_mutex_t mu;
    struct instance **instances; /* guarded by mu; they live as long as we do */
    size_t n;
    size_t cap;
    bool closed; /* guarded by mu */
};

static struct instance *get_instance(struct jig_emulators *e, const char *id)
{
    for (size_t i = 0; i < e->n; i++) {
        if (jig_streq(e->instances[i]->id, id))
            return e->instances[i];
    }
    struct instance *it = jig_new(struct instance);
    it->owner = e;
    it->id = jig_xstrdup(id);
    e->instances = jig_grow(e->instances, &e->cap, e->n, sizeof(struct instance *));
    e->instances[e->n++] = it;
    return it;
}

/* "uno", "uno-2": what its files are called. */
static char *file_name(const struct instance *it, const char *folder, const char *extension)
{
    char *path = jig_strf("%s/%s%s", folder, it->id + strlen(PREFIX), extension);
    for (char *c = path + strlen(folder); *c != '\0'; c++) {
        if (*c == '#')
            *c = '-';
    }
    return path;
}

static void build_argv(const struct instance *it, struct jig_strv *argv)
{
    const struct jig_emulators *e = it->owner;
    jig_strv_append(argv, e->program);
    jig_strv_append(argv, "--exit-with-stdin");
    jig_strv_append(argv, "--flash");
    jig_strv_append_take(argv, it->flash != NULL ? jig_xstrdup(it->flash)
                                                 : file_name(it, e->state_dir, ".flash"));
    jig_strv_append(argv, "--eeprom");
    jig_strv_append_take(argv, file_name(it, e->state_dir, ".eeprom"));
    jig_strv_append(argv, "--link");
    jig_strv_append_take(argv, file_name(it, e->socket_dir, ""));
    JIG_CLEANUP_FREE char *control = file_name(it, e->socket_dir, ".sock");
    struct sockaddr_un limit;
    if (strlen(control) < sizeof limit.sun_path) {
        jig_strv_append(argv, "--control");
        jig_strv_append(argv, control);
    }
}

static void set_state(struct instance *it, enum state state)
{
    pthread_mutex_lock(&it->owner->mu);
    it->state = state;
    pthread_mutex_unlock(&it->owner->mu);
    jig_bell_ring(&it->owner->bell);
}

/* False when the line is not what an emulator says when it is ready. */
static bool take_announcement(struct instance *it)
{
    json_error_t where;
    json_t *said = json_loadb(it->line.data, it->line.len, JSON_REJECT_DUPLICATES, &where);
    const char *port = json_string_value(json_object_get(said, "port"));
    const char *control = json_string_value(json_object_get(said, "control"));
    bool good = port != NULL && port[0] == '/';
    if (good) {
        pthread_mutex_lock(&it->owner->mu);
        it->port = jig_xstrdup(port);
        it->control = jig_xstrdup(control);
        pthread_mutex_unlock(&it->owner->mu);
    }
    json_decref(said);
    return good;
}

static void keep_last_words(struct instance *it, const char *data, size_t n)
{
    if (n > LAST_WORDS - 1) {
        data += n - (LAST_WORDS - 1);
        n = LAST_WORDS - 1;
    }
    size_t keep = it->n_last_words;
    if (keep > LAST_WORDS - 1 - n)
        keep = LAST_WORDS - 1 - n;
    memmove(it->last_words, it->last_words + it->n_last_words - keep, keep);
    memcpy(it->last_words + keep, data, n);
    it->n_last_words = keep + n;
    it->last_words[it->n_last_words] = '\0';
}

static void hear(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct instance *it = ctx;
    if (stream == JIG_STDERR) {
        keep_last_words(it, data, n);
        return;
    }
    if (it->state != STARTING || it->line.failed) /* only this thread changes it from there */
        return;
    const char *end = memchr(data, '\n', n);
    jig_buf_append(&it->line, data, end != NULL ? (size_t)(end - data) : n);
    if (it->line.failed || (end != NULL && !take_announcement(it))) {
        it->line.failed = true;
        jig_cancel_fire(&it->stop);
    } else if (end != NULL) {
        set_state(it, RUNNING);
    }
}

static const char *last_line(struct instance *it)
{
    char *end = jig_str_trim(it->last_words);
    char *newline = strrchr(end, '\n');
    return newline != NULL ? newline + 1 : end;
}

static void describe_failure(struct instance *it, enum jig_code waited)
{
    struct jig_err *err = &it->failure;
    const char *words = last_line(it);
    if (it->line.failed)
        jig_err_set(err, JIG_INTERNAL, "%s did not say what port the board is on",
                    it->owner->program);
    else if (waited == JIG_DEADLINE_EXCEEDED)
        jig_err_set(err, JIG_DEADLINE_EXCEEDED, "the emulated board %s was not ready in %d ms",
                    it->id, it->owner->start_ms);
    else if (waited == JIG_CANCELLED)
        jig_err_set(err, JIG_UNAVAILABLE, "the daemon is ending");
    else
        jig_err_set(err, JIG_UNAVAILABLE, "the emulated board %s ended at once%s%s", it->id,
                    words[0] != '\0' ? ": " : "", words);
}

static void *attend(void *arg)
{
    struct instance *it = arg;
    struct jig_emulators *e = it->owner;
    struct jig_until until = {&it->stop, jig_deadline_in_ms(e->start_ms)};
    size_t index = 0;
    enum jig_code waited;
    for (;;) {
        waited = jig_proc_wait_any(&it->proc, 1, &until, &index, NULL);
        if (waited != JIG_DEADLINE_EXCEEDED || it->state != RUNNING)
            break;
        until.deadline_ns = JIG_NO_DEADLINE;
    }
    if (waited != JIG_OK)
        jig_proc_kill(it->proc, END_GRACE_MS);
    jig_proc_free(it->proc);
    bool ran = it->state == RUNNING;
    pthread_mutex_lock(&e->mu);
    it->proc = NULL;
    if (!ran)
        describe_failure(it, waited);
    free(it->port);
    free(it->control);
    it->port = it->control = NULL;
    it->state = ENDING; /* until the inventory knows, nobody starts it again */
    pthread_mutex_unlock(&e->mu);
    jig_buf_release(&it->line);
    if (ran)
        jig_inventory_emulated_ended(e->inv, it->id);
    set_state(it, STOPPED);
    return NULL;
}

/* With mu held; the instance is stopped. */
static enum jig_code launch(struct instance *it, struct jig_err *reterr)
{
    if (it->has_thread) {
        pthread_join(it->thread, NULL); /* it is at its end, and needs no lock any more */
        jig_cancel_release(&it->stop);
        it->has_thread = false;
    }
    enum jig_code code = jig_cancel_init(&it->stop, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_strv argv = {0};
    build_argv(it, &argv);
    struct jig_proc_spec spec = {
        .argv = jig_strv_argv(&argv), .output = hear, .ctx = it, .stdin_pipe = true};
    code = jig_proc_start(&spec, &it->proc, reterr);
    jig_strv_release(&argv);
    if (code != JIG_OK) {
        jig_cancel_release(&it->stop);
        return code;
    }
    jig_buf_init(&it->line, LINE_MAX);
    it->n_last_words = 0;
    it->last_words[0] = '\0';
    it->state = STARTING;
    it->attempt++;
    int failed = pthread_create(&it->thread, NULL, attend, it);
    if (failed != 0) {
        jig_proc_free(it->proc);
        it->proc = NULL;
        it->state = STOPPED;
        jig_cancel_release(&it->stop);
        return jig_err_sys(reterr, failed, "cannot start a thread");
    }
    it->has_thread = true;
    return JIG_OK;
}

/* One look, with mu held. *ret_done: the answer is there. */
static enum jig_code look(struct instance *it, uint64_t *attempt, char **ret_port, bool *ret_done,
                          struct jig_err *reterr)
{
    *ret_done = true;
    if (it->state == RUNNING) {
        *ret_port = jig_xstrdup(it->port);
        return JIG_OK;
    }
    if (it->state == STOPPED && *attempt != 0 && *attempt == it->attempt) {
        if (it->failure.code == JIG_OK) /* it ran, and ended before we looked */
            return jig_err_set(reterr, JIG_UNAVAILABLE, "the emulated board %s ended at once",
                               it->id);
        if (reterr != NULL)
            *reterr = it->failure;
        return it->failure.code;
    }
    if (it->state == STOPPED && it->owner->closed)
        return jig_err_set(reterr, JIG_UNAVAILABLE, "the daemon is ending");
    if (it->state == STOPPED) {
        jig_err_clear(&it->failure);
        enum jig_code code = launch(it, reterr);
        if (code != JIG_OK)
            return code;
    }
    if (it->state == STARTING)
        *attempt = it->attempt;
    *ret_done = false;
    return JIG_OK;
}

static enum jig_code start(void *ctx, const char *id, const struct jig_until *until,
                           char **ret_port, struct jig_err *reterr)
{
    struct jig_emulators *e = ctx;
    uint64_t attempt = 0;
    for (;;) {
        uint64_t seen = jig_bell_count(&e->bell);
        bool done = false;
        pthread_mutex_lock(&e->mu);
        enum jig_code code = look(get_instance(e, id), &attempt, ret_port, &done, reterr);
        pthread_mutex_unlock(&e->mu);
        if (done || code != JIG_OK)
            return code;
        code = jig_bell_wait(&e->bell, seen, -1, until, reterr);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "starting the emulated board %s", id);
            return code;
        }
    }
}

static void offer(struct jig_emulators *e, const char *name, unsigned most)
{
    struct jig_emulated_source source = {.name = name,
                                         .fqbn = e->fqbn,
                                         .product = e->product,
                                         .most = most,
                                         .start = start,
                                         .ctx = e};
    jig_inventory_offer(e->inv, &source);
}

enum jig_code jig_emulators_new(const struct jig_emulators_spec *spec, struct jig_inventory *inv,
                                struct jig_emulators **ret, struct jig_err *reterr)
{
    if (!jig_fs_is_executable(spec->program))
        return jig_err_set(reterr, JIG_NOT_FOUND, "the emulator %s is not there", spec->program);
    enum jig_code code = jig_fs_mkdirs(spec->state_dir, 0700, reterr);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(spec->socket_dir, 0700, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_emulators *e = jig_new(struct jig_emulators);
    e->inv = inv;
    e->program = jig_xstrdup(spec->program);
    e->board = jig_xstrdup(spec->board);
    e->fqbn = jig_xstrdup(spec->fqbn);
    e->product = jig_xstrdup(spec->product);
    e->state_dir = jig_xstrdup(spec->state_dir);
    e->socket_dir = jig_xstrdup(spec->socket_dir);
    e->most = spec->most;
    e->start_ms = spec->start_ms > 0 ? spec->start_ms : START_MS;
    pthread_mutex_init(&e->mu, NULL);
    jig_bell_init(&e->bell);
    if (e->most > 0)
        offer(e, e->board, e->most);
    *ret = e;
    return JIG_OK;
}

enum jig_code jig_emulators_name(struct jig_emulators *e, const char *name, const char *flash,
                                 struct jig_err *reterr)
{
    if (name[0] == '\0' || strpbrk(name, ":/#*?[") != NULL)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "the emulated board's name '%s' is empty or has one of :/#*?[ in it",
                           name);
    JIG_CLEANUP_FREE char *id = jig_strf(PREFIX "%s", name);
    pthread_mutex_lock(&e->mu);
    bool full = e->n >= JIG_EMULATORS_MOST_NAMED;
    if (!full) {
        struct instance *it = get_instance(e, id);
        free(it->flash);
        it->flash = jig_xstrdup(flash);
    }
    pthread_mutex_unlock(&e->mu);
    if (full)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "there are %d emulated boards already",
                           JIG_EMULATORS_MOST_NAMED);
    if (e->most == 0 || !jig_streq(name, e->board))
        offer(e, name, 1);
    return JIG_OK;
}

char *jig_emulators_control(struct jig_emulators *e, const char *id)
{
    char *control = NULL;
    pthread_mutex_lock(&e->mu);
    for (size_t i = 0; i < e->n; i++) {
        if (jig_streq(e->instances[i]->id, id))
            control = jig_xstrdup(e->instances[i]->control);
    }
    pthread_mutex_unlock(&e->mu);
    return control;
}

void jig_emulators_close(struct jig_emulators *e)
{
    pthread_mutex_lock(&e->mu);
    e->closed = true;
    for (size_t i = 0; i < e->n; i++) {
        if (e->instances[i]->has_thread)
            jig_cancel_fire(&e->instances[i]->stop);
    }
    pthread_mutex_unlock(&e->mu);
}

static void instance_free(struct instance *it)
{
    if (it->has_thread) {
        pthread_join(it->thread, NULL);
        jig_cancel_release(&it->stop);
    }
    free(it->id);
    free(it->flash);
    free(it);
}

void jig_emulators_free(struct jig_emulators *e)
{
    if (e == NULL)
        return;
    jig_emulators_close(e);
    for (size_t i = 0; i < e->n; i++)
        instance_free(e->instances[i]);
    free(e->instances);
    char *strings[] = {e->program, e->board, e->fqbn, e->product, e->state_dir, e->socket_dir};
    for (size_t i = 0; i < JIG_COUNT(strings); i++)
        free(strings[i]);
    jig_bell_release(&e->bell);
    pthread_mutex_destroy(&e->mu);
    free(e);
}

/* Objects by way of a remote cache: two machines' object caches and one server, which may lie. */
#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/shared.h"
#include "core/base/str.h"
#include "core/build/objcache.h"
#include "core/os/bell.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "service/sharing.h"
#include "service/wire/action_result.h"
#include "service/wire/decode.h"
#include "tests/support/http_server.h"

/* ---- the server ---- */

struct kept {
    size_t size;
    char data[];
};

static struct http_server *server;
static pthread_mutex_t mu = PTHREAD_MUTEX_INITIALIZER;
static struct jig_map stored; /* guarded by mu: path -> struct kept */
static atomic_int gets, puts_taken;
static atomic_int mode;
enum { WELL, BROKEN, SILENT, REFUSES };
static struct jig_bell reached; /* rung when a request has come */

static void keep(const char *path, const void *data, size_t n)
{
    struct kept *k = jig_xcalloc(1, sizeof *k + n + 1);
    k->size = n;
    if (n > 0)
        memcpy(k->data, data, n);
    jig_map_set(&stored, path, k);
}

static bool give(const struct http_request *r)
{
    pthread_mutex_lock(&mu);
    if (jig_streq(r->method, "PUT"))
        keep(r->path, r->body, r->body_size);
    const struct kept *k = jig_map_get(&stored, r->path);
    bool body = k != NULL && jig_streq(r->method, "GET");
    bool puts = jig_streq(r->method, "PUT");
    bool on = k == NULL ? http_sendf(r, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n")
                        : http_sendf(r, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n",
                                     puts ? 0 : k->size);
    if (on && body)
        on = http_send(r, k->data, k->size);
    pthread_mutex_unlock(&mu);
    return on;
}

static bool answer(void *ctx, const struct http_request *r)
{
    (void)ctx;
    gets += jig_streq(r->method, "GET");
    puts_taken += jig_streq(r->method, "PUT");
    int how = mode;
    jig_bell_ring(&reached);
    if (how == SILENT)
        http_wait_closed(r);
    if (how == REFUSES && jig_streq(r->method, "PUT"))
        return http_sendf(r, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n");
    if (how == BROKEN)
        return http_sendf(r, "HTTP/1.1 500 Ill\r\nContent-Length: 0\r\n\r\n");
    return how != SILENT && give(r);
}

/* ---- machines ---- */

struct machine {
    char *build;
    char *cache;
    struct jig_objcache *objects;
    struct jig_sharing *sharing;
    struct jig_files *files;
};

static char *folder; /* the test's */
static char *source; /* at one path for all machines */
static struct machine a, b;
static struct jig_err err;
static const struct jig_digest tool = {{7}};

static struct jig_remote *connect_remote(bool read_only)
{
    static const struct jig_fetcher_options plain = {.proxy = "none", .rounds = 1};
    JIG_CLEANUP_FREE char *url = http_server_url(server, "/x/");
    struct jig_remote_options options = {.url = url, .read_only = read_only, .fetcher = plain};
    struct jig_remote *remote;
    assert_int_equal(jig_remote_new(&options, &remote, &err), JIG_OK);
    return remote;
}

static void open_machine(struct machine *m, const char *name, bool read_only)
{
    m->build = jig_strf("%s/%s/build", folder, name);
    m->cache = jig_strf("%s/%s/objects", folder, name);
    m->objects = jig_objcache_new(m->cache, 1 << 20);
    m->sharing = jig_sharing_new(connect_remote(read_only));
    m->files = jig_files_new(100);
    jig_objcache_set_remote(m->objects, jig_sharing_objects(m->sharing));
    assert_int_equal(jig_fs_mkdirs(m->build, 0700, &err), JIG_OK);
}

static void close_machine(struct machine *m)
{
    jig_objcache_free(m->objects);
    jig_sharing_free(m->sharing);
    jig_files_free(m->files);
    free(m->build);
    free(m->cache);
    *m = (struct machine){0};
}

static void forget(struct machine *m)
{
    assert_int_equal(jig_fs_remove_tree(m->cache, &err), JIG_OK);
    assert_int_equal(jig_fs_remove_tree(m->build, &err), JIG_OK);
}

static void write_source(const char *text)
{
    assert_int_equal(jig_fs_write_atomic(source, text, strlen(text), 0600, &err), JIG_OK);
}

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    folder = *state;
    source = jig_path_join(folder, "x.c");
    jig_err_clear(&err);
    jig_map_init(&stored, free);
    jig_bell_init(&reached);
    gets = 0;
    puts_taken = 0;
    mode = WELL;
    server = http_server_start(answer, NULL);
    write_source("int x;");
    open_machine(&a, "a", false);
    open_machine(&b, "b", false);
    return 0;
}

static int teardown(void **state)
{
    close_machine(&a);
    close_machine(&b);
    http_server_stop(server);
    jig_map_release(&stored);
    jig_bell_release(&reached);
    free(source);
    return unit_folder_teardown(state);
}

/* ---- what they compile ---- */

static struct jig_action *compile_of(const struct machine *m, const char *flag)
{
    struct jig_action *action = jig_action_new("compile", "compile x.c");
    const char *const words[] = {"/bin/true", flag, source, "-o"};
    for (size_t i = 0; i < JIG_COUNT(words); i++)
        jig_strv_append(&action->argv, words[i]);
    jig_strv_append_take(&action->argv, jig_path_join(m->build, "x.o"));
    jig_strv_append_take(&action->outputs, jig_path_join(m->build, "x.o"));
    jig_strv_append(&action->inputs, source);
    action->cwd = jig_xstrdup("/");
    action->is_compile = true;
    action->shareable = true;
    return action;
}

/* As if the compiler had made `object` of the source as it is. */
static struct jig_trace *trace_of(const struct machine *m, const struct jig_action *action,
                                  const char *object)
{
    struct jig_trace *t = jig_new(struct jig_trace);
    struct jig_digest content;
    assert_int_equal(jig_fs_write_atomic(action->outputs.v[0], object, strlen(object), 0600, &err),
                     JIG_OK);
    t->name = jig_xstrdup("{build}/x.o");
    t->command = jig_action_command(action, m->build, &tool);
    t->tool = tool;
    for (size_t i = 0; i < action->argv.n; i++)
        jig_strv_append_take(&t->argv, jig_build_relative(m->build, action->argv.v[i]));
    t->errors = jig_xstrdup("x.c: warning");
    t->output = jig_xstrdup("");
    t->inputs = jig_new(struct jig_trace_file);
    t->outputs = jig_new(struct jig_trace_file);
    assert_int_equal(jig_sha256_file(source, &content, &err), JIG_OK);
    t->inputs[t->input_count++] = jig_trace_file_make(m->build, source, &content);
    content = jig_sha256_of(object, strlen(object));
    t->outputs[t->output_count++] = jig_trace_file_make(m->build, action->outputs.v[0], &content);
    t->key = jig_action_key(&t->command, t->inputs, t->input_count);
    return t;
}

static void sent(struct machine *m)
{
    assert_int_equal(jig_sharing_flush(m->sharing, &JIG_UNTIL_FOREVER, &err), JIG_OK);
}

static void compile(struct machine *m, const char *flag, const char *object)
{
    struct jig_action *action = compile_of(m, flag);
    struct jig_trace *t = trace_of(m, action, object);
    jig_objcache_store(m->objects, action, t, m->build);
    sent(m);
    jig_trace_free(t);
    jig_action_free(action);
}

/* What is found, as text that the caller frees; NULL: nothing. */
static char *found_until(struct machine *m, const char *flag, const struct jig_until *until,
                         bool *ret_remote)
{
    struct jig_action *action = compile_of(m, flag);
    struct jig_digest command = jig_action_command(action, m->build, &tool);
    struct jig_map looked;
    struct jig_shadow *shadow = jig_shadow_new(m->build, m->files, NULL);
    jig_map_init(&looked, free);
    const struct jig_objcache_place place = {m->build, m->files, shadow, &looked};
    const struct jig_objcache_wanted wanted = {action, &command, &tool, until};
    struct jig_trace *t = jig_objcache_fetch(m->objects, &wanted, &place, ret_remote);
    char *text = NULL;
    if (t != NULL) {
        struct jig_buf file;
        jig_buf_init(&file, 1000);
        assert_int_equal(jig_fs_read(action->outputs.v[0], &file, &err), JIG_OK);
        assert_string_equal(t->name, "{build}/x.o");
        assert_string_equal(t->outputs[0].path, "{build}/x.o");
        assert_string_equal(t->argv.v[4], "{build}/x.o");
        text = jig_buf_steal(&file);
    }
    jig_trace_free(t);
    jig_shadow_free(shadow);
    jig_map_release(&looked);
    jig_action_free(action);
    return text;
}

static void expect(struct machine *m, const char *flag, const char *object, bool remote)
{
    bool was_remote = false;
    JIG_CLEANUP_FREE char *text = found_until(m, flag, &JIG_UNTIL_FOREVER, &was_remote);
    if (object == NULL)
        assert_null(text);
    else
        assert_string_equal(text, object);
    assert_int_equal(was_remote, remote);
}

static bool is_down(struct machine *m)
{
    return jig_sharing_stats(m->sharing).remote.is_down;
}

/* ---- tests ---- */

static void test_what_one_made_another_finds(void **state)
{
    (void)state;
    compile(&a, "-c", "object 1");
    expect(&b, "-c", "object 1", true);
    assert_int_equal(jig_objcache_stats(b.objects).remote_hits, 1);
    int asked = gets;
    expect(&b, "-c", "object 1", false); /* it is its own now */
    assert_int_equal(gets, asked);
    expect(&b, "-O2", NULL, false); /* another command */
    assert_false(is_down(&b));
    assert_int_equal(jig_sharing_stats(a.sharing).sent, 1);
}

static void test_other_inputs(void **state)
{
    (void)state;
    compile(&a, "-c", "object 1");
    write_source("int y = 2;");
    expect(&b, "-c", NULL, false);
    assert_false(is_down(&b)); /* nobody's fault */
    compile(&b, "-c", "object 2");
    forget(&b);
    expect(&b, "-c", "object 2", true);
    write_source("int x;");
    forget(&b);
    expect(&b, "-c", "object 1", true); /* which was not overwritten */
}

static void test_the_words_of_a_command_stay_here(void **state)
{
    static const char secret[] = "-DPASSWORD=hunter2";
    (void)state;
    compile(&a, secret, "object 1");
    expect(&b, secret, "object 1", true);
    size_t n = 0;
    pthread_mutex_lock(&mu);
    for (size_t i = 0; i < stored.used; i++, n++) {
        const struct kept *k = stored.entries[i].value;
        assert_null(memmem(k->data, k->size, "hunter2", 7));
    }
    pthread_mutex_unlock(&mu);
    assert_int_equal(n, 2);
}

static void test_what_depends_on_the_processor_stays_here(void **state)
{
    (void)state;
    compile(&a, "-march=native", "object 1");
    expect(&b, "-march=native", NULL, false);
    assert_int_equal(gets, 0);
    assert_int_equal(puts_taken, 0);
    expect(&a, "-march=native", "object 1", false);
}

static void test_no_more_than_some_are_kept(void **state)
{
    (void)state;
    char text[32];
    for (int i = 0; i < JIG_OBJREMOTE_TRACES_MAX + 2; i++) {
        snprintf(text, sizeof text, "int x = %d;", i);
        write_source(text);
        snprintf(text, sizeof text, "object %d", i);
        compile(&a, "-c", text);
    }
    expect(&b, "-c", text, true);
    write_source("int x = 0;");
    expect(&b, "-c", NULL, false);
    write_source("int x = 2;");
    expect(&b, "-c", "object 2", true);
    assert_false(is_down(&b));
}

static void test_only_compiles_that_read_no_build_folder(void **state)
{
    (void)state;
    struct jig_action *action = compile_of(&a, "-c");
    struct jig_trace *t = trace_of(&a, action, "object");
    action->is_compile = false;
    jig_objcache_store(a.objects, action, t, a.build);
    action->is_compile = true;
    jig_shared_unref(t->inputs[0].path);
    t->inputs[0].path = jig_shared_new("{build}/x.h");
    jig_objcache_store(a.objects, action, t, a.build);
    sent(&a);
    assert_int_equal(puts_taken, 0);
    jig_trace_free(t);
    jig_action_free(action);
}

/* ---- a remote that lies ---- */

static char *only_path(const char *kind)
{
    char *found = NULL;
    for (size_t i = 0; i < stored.used; i++) {
        const char *key = stored.entries[i].key;
        if (key != NULL && strstr(key, kind) != NULL)
            found = jig_xstrdup(key);
    }
    assert_non_null(found);
    return found;
}

static void damage(const char *kind, void (*how)(char *data, size_t *n))
{
    JIG_CLEANUP_FREE char *path = only_path(kind);
    pthread_mutex_lock(&mu);
    struct kept *k = jig_map_get(&stored, path);
    how(k->data, &k->size);
    pthread_mutex_unlock(&mu);
}

static void flip_last(char *data, size_t *n)
{
    data[*n - 1] ^= 1;
}

static void flip_first(char *data, size_t *n)
{
    (void)n;
    data[0] ^= 1;
}

static void halve(char *data, size_t *n)
{
    (void)data;
    *n /= 2;
}

static void empty(char *data, size_t *n)
{
    (void)data;
    *n = 0;
}

static size_t files_in(const char *dir)
{
    struct jig_strv names = {0};
    size_t n = 0;
    if (!jig_fs_is_dir(dir))
        return 0;
    assert_int_equal(jig_fs_list_marked(dir, &names, &err), JIG_OK);
    for (size_t i = 0; i < names.n; i++) {
        size_t length = strlen(names.v[i]);
        bool is_dir = names.v[i][length - 1] == '/';
        JIG_CLEANUP_FREE char *path = jig_path_join(dir, names.v[i]);
        n += is_dir ? files_in(path) : 1;
    }
    jig_strv_release(&names);
    return n;
}

static void test_damage(void **state)
{
    (void)state;
    static const struct {
        const char *kind;
        void (*how)(char *data, size_t *n);
    } rows[] = {{"/cas/", flip_last}, {"/cas/", halve}, {"/cas/", empty}, {"/ac/", flip_last},
                {"/ac/", flip_first}, {"/ac/", halve},  {"/ac/", empty}};
    compile(&a, "-c", "object 1");
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        forget(&a);
        assert_int_equal(jig_fs_mkdirs(a.build, 0700, &err), JIG_OK);
        pthread_mutex_lock(&mu);
        jig_map_release(&stored);
        jig_map_init(&stored, free);
        pthread_mutex_unlock(&mu);
        compile(&a, "-c", "object 1");
        damage(rows[i].kind, rows[i].how);
        close_machine(&b);
        open_machine(&b, "b", false);
        expect(&b, "-c", NULL, false);
        assert_true(is_down(&b));
        assert_int_equal(files_in(b.cache), 0);
        int asked = gets;
        expect(&b, "-c", NULL, false);
        assert_int_equal(gets, asked); /* it is left alone */
    }
}

/* What is under a key of another command: its hashes are right, but it is not the answer. */
static void test_another_commands_answer(void **state)
{
    (void)state;
    compile(&a, "-c", "object 1");
    JIG_CLEANUP_FREE char *first = only_path("/ac/");
    struct jig_action *action = compile_of(&b, "-O2");
    struct jig_digest command = jig_action_command(action, b.build, &tool);
    struct jig_digest key = jig_objremote_key(&command);
    char hex[JIG_SHA256_HEX];
    jig_digest_hex(&key, hex);
    JIG_CLEANUP_FREE char *second = jig_strf("/x/ac/%s", hex);
    pthread_mutex_lock(&mu);
    const struct kept *k = jig_map_get(&stored, first);
    keep(second, k->data, k->size);
    pthread_mutex_unlock(&mu);
    expect(&b, "-O2", NULL, false);
    assert_true(is_down(&b));
    jig_action_free(action);
}

/* A result whose trace the test has changed, and whose checksum is right. */
static void put_changed(void (*change)(struct jig_trace *t))
{
    struct jig_action *action = compile_of(&a, "-c");
    struct jig_trace *t = trace_of(&a, action, "object 1");
    struct jig_digest key = jig_objremote_key(&t->command);
    struct jig_buf traces, packed;
    char hex[JIG_SHA256_HEX];
    change(t);
    jig_buf_init(&traces, 100000);
    jig_buf_init(&packed, 100000);
    jig_traces_write((const struct jig_trace *const *)&t, 1, &traces);
    const struct jig_action_result result = {.traces = traces.data, .traces_size = traces.len};
    jig_action_result_pack(&result, &packed);
    jig_digest_hex(&key, hex);
    JIG_CLEANUP_FREE char *path = jig_strf("/x/ac/%s", hex);
    pthread_mutex_lock(&mu);
    keep(path, packed.data, packed.len);
    keep("/x/cas/", "", 0);
    pthread_mutex_unlock(&mu);
    jig_buf_release(&traces);
    jig_buf_release(&packed);
    jig_trace_free(t);
    jig_action_free(action);
}

static void rename_input(struct jig_trace *t)
{
    jig_shared_unref(t->inputs[0].path);
    t->inputs[0].path = jig_shared_new("/etc/hostname");
    t->key = jig_action_key(&t->command, t->inputs, t->input_count);
}

static void leave_out_inputs(struct jig_trace *t)
{
    jig_trace_files_free(t->inputs, t->input_count);
    t->inputs = NULL;
    t->input_count = 0;
    t->key = jig_action_key(&t->command, t->inputs, 0);
}

static void leave_out_outputs(struct jig_trace *t)
{
    t->output_count = 0;
    jig_shared_unref(t->outputs[0].path);
}

static void change_key(struct jig_trace *t)
{
    t->key.bytes[0] ^= 1;
}

static void make_opaque(struct jig_trace *t)
{
    t->opaque = true;
}

/* What /proc has may have no end: none of it is looked at. */
static struct jig_trace_file *with_one_more(struct jig_trace_file *files, size_t *n,
                                            const char *path)
{
    struct jig_trace_file *more = jig_xcalloc(*n + 1, sizeof *more);
    if (*n > 0)
        memcpy(more, files, *n * sizeof *more);
    free(files);
    more[*n].path = jig_shared_new(path);
    ++*n;
    return more;
}

static void read_proc(struct jig_trace *t)
{
    t->inputs = with_one_more(t->inputs, &t->input_count, "/usr/../proc/self/status");
    t->key = jig_action_key(&t->command, t->inputs, t->input_count);
}

static void search_proc(struct jig_trace *t)
{
    t->searched =
        with_one_more(t->searched, &t->searched_count, "{build}/../../../../../proc/self/status");
}

static void test_traces_that_make_no_sense(void **state)
{
    (void)state;
    static void (*const changes[])(struct jig_trace * t) = {
        rename_input, leave_out_inputs, leave_out_outputs, change_key,
        make_opaque,  read_proc,        search_proc};
    for (size_t i = 0; i < JIG_COUNT(changes); i++) {
        put_changed(changes[i]);
        close_machine(&b);
        open_machine(&b, "b", false);
        expect(&b, "-c", NULL, false);
        assert_true(is_down(&b));
        assert_int_equal(files_in(b.cache), 0);
    }
}

/* Where its outputs go is the action's own business. */
static void move_output(struct jig_trace *t)
{
    jig_shared_unref(t->outputs[0].path);
    t->outputs[0].path = jig_shared_new("/../../../elsewhere.o");
    free(t->name);
    t->name = jig_xstrdup("another name");
}

static void test_outputs_go_where_they_belong(void **state)
{
    (void)state;
    compile(&a, "-c", "object 1");
    put_changed(move_output);
    expect(&b, "-c", "object 1", true); /* which looks at names and paths, too */
}

static void test_what_is_gone_is_no_failure(void **state)
{
    (void)state;
    compile(&a, "-c", "object 1");
    JIG_CLEANUP_FREE char *path = only_path("/cas/");
    pthread_mutex_lock(&mu);
    jig_map_remove(&stored, path);
    pthread_mutex_unlock(&mu);
    expect(&b, "-c", NULL, false);
    assert_false(is_down(&b));
    compile(&b, "-c", "object 1"); /* and is there again */
    forget(&b);
    expect(&b, "-c", "object 1", true);
}

/* ---- a remote that is ill ---- */

static void test_is_broken(void **state)
{
    (void)state;
    mode = BROKEN;
    expect(&b, "-c", NULL, false);
    assert_true(is_down(&b));
    compile(&b, "-c", "object 1");
    assert_int_equal(puts_taken, 0);
    assert_int_equal(jig_sharing_stats(b.sharing).dropped, 1);
    expect(&b, "-c", "object 1", false); /* of its own */
}

static void test_is_silent(void **state)
{
    (void)state;
    mode = SILENT;
    bool remote = false;
    struct jig_until now = {.deadline_ns = jig_now_ns()};
    JIG_CLEANUP_FREE char *text = found_until(&b, "-c", &now, &remote);
    assert_null(text);
    assert_true(is_down(&b)); /* what does not come in time is left alone */
}

static void test_refuses(void **state)
{
    (void)state;
    mode = REFUSES;
    compile(&a, "-c", "object 1");
    assert_int_equal(puts_taken, 1);
    compile(&a, "-O2", "object 2");
    assert_int_equal(puts_taken, 1); /* nothing more is sent */
    assert_int_equal(jig_sharing_stats(a.sharing).dropped, 2);
    assert_false(is_down(&a));
}

static void test_is_only_read(void **state)
{
    (void)state;
    compile(&a, "-c", "object 1");
    close_machine(&b);
    open_machine(&b, "b", true);
    int taken = puts_taken;
    expect(&b, "-c", "object 1", true);
    compile(&b, "-O2", "object 2");
    assert_int_equal(puts_taken, taken);
}

/* As the object cache does, but in no time: the remote is silent for so long, and then it is down.
 */
static void offer_often(struct machine *m, const struct jig_trace *t, int times)
{
    const struct jig_objremote *objects = jig_sharing_objects(m->sharing);
    struct jig_buf file;
    jig_buf_init(&file, JIG_OBJREMOTE_BYTES_MAX);
    jig_traces_write(&t, 1, &file);
    const struct jig_objremote_offer offer = {
        .key = jig_objremote_key(&t->command), .traces = file.data, .size = file.len};
    for (int i = 0; i < times; i++)
        objects->offer(objects->ctx, &offer);
    jig_buf_release(&file);
}

/* Builds go on whatever becomes of what is sent, and there is an end to how much may wait. */
static void test_the_queue_has_an_end(void **state)
{
    (void)state;
    struct jig_action *action = compile_of(&a, "-c");
    struct jig_trace *t = trace_of(&a, action, "object 1");
    uint64_t seen = jig_bell_count(&reached);
    mode = SILENT;
    jig_objcache_store(a.objects, action, t, a.build); /* which is being sent from now on */
    offer_often(&a, t, JIG_SHARING_QUEUE_MAX + 4);
    struct jig_sharing_stats stats = jig_sharing_stats(a.sharing);
    assert_int_equal(stats.waiting, JIG_SHARING_QUEUE_MAX);
    assert_int_equal(stats.dropped, 5);
    assert_int_equal(jig_bell_wait(&reached, seen, -1, &JIG_UNTIL_FOREVER, &err), JIG_OK);
    mode = BROKEN;
    http_server_stop(server); /* which breaks the request that waits */
    server = NULL;
    sent(&a);
    assert_int_equal(jig_sharing_stats(a.sharing).dropped, JIG_SHARING_QUEUE_MAX + 5);
    jig_trace_free(t);
    jig_action_free(action);
}

/* ---- the message ---- */

static void test_messages(void **state)
{
    (void)state;
    const struct jig_action_output outputs[] = {{{{1, 2, 3}}, 5}, {{{9}}, 0}};
    const struct jig_action_result in = {"traces", 6, outputs, 2};
    struct jig_action_result out;
    struct jig_arena arena;
    struct jig_buf packed;
    jig_buf_init(&packed, 10000);
    jig_arena_init(&arena, jig_wire_decode_ceiling(10000));
    jig_action_result_pack(&in, &packed);
    /* What bazel-remote adds: who wrote it (field 9), and whatever else it may know. */
    jig_buf_append(&packed, "\x4a\x05\x0a\x03\x61:1\xba\x06\x01z", 11);
    assert_int_equal(jig_action_result_unpack(packed.data, packed.len, &arena, &out, &err), JIG_OK);
    assert_int_equal(out.traces_size, 6);
    assert_memory_equal(out.traces, "traces", 6);
    assert_int_equal(out.output_count, 2);
    assert_true(jig_digest_equal(&out.outputs[0].sha256, &outputs[0].sha256));
    assert_int_equal(out.outputs[0].size, 5);
    /* The Remote Execution API's numbers: output_files is 2, digest in it 2, hash 1, size 2. */
    assert_memory_equal(packed.data, "\x12", 1);
    assert_non_null(strstr(packed.data + 2, "out/0102030000"));
    jig_buf_clear(&packed);
    jig_buf_append(&packed, "\x12\x03\x0a\x01x", 5); /* an output without a digest */
    assert_int_equal(jig_action_result_unpack(packed.data, packed.len, &arena, &out, &err),
                     JIG_INVALID_ARGUMENT);
    jig_buf_release(&packed);
    jig_buf_init(&packed, 100000);
    struct jig_action_output many[JIG_ACTION_RESULT_OUTPUTS_MAX + 1] = {0};
    const struct jig_action_result large = {"", 0, many, JIG_COUNT(many)};
    jig_action_result_pack(&large, &packed);
    assert_int_equal(jig_action_result_unpack(packed.data, packed.len, &arena, &out, &err),
                     JIG_RESOURCE_EXHAUSTED);
    jig_arena_release(&arena);
    jig_buf_release(&packed);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_what_one_made_another_finds),
        TEST(test_other_inputs),
        TEST(test_the_words_of_a_command_stay_here),
        TEST(test_what_depends_on_the_processor_stays_here),
        TEST(test_no_more_than_some_are_kept),
        TEST(test_only_compiles_that_read_no_build_folder),
        TEST(test_damage),
        TEST(test_another_commands_answer),
        TEST(test_traces_that_make_no_sense),
        TEST(test_outputs_go_where_they_belong),
        TEST(test_what_is_gone_is_no_failure),
        TEST(test_is_broken),
        TEST(test_is_silent),
        TEST(test_refuses),
        TEST(test_is_only_read),
        TEST(test_the_queue_has_an_end),
        cmocka_unit_test(test_messages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "tests/support/unit.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/arduino/board.h"
#include "core/arduino/data.h"
#include "core/arduino/recipe.h"
#include "core/arduino/upload.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/sha256.h"
#include "core/os/fs.h"
#include "tests/support/unsteady.h"

#define SYSTEM  JIG_VECTORS "/arduino-platforms/system/hardware"
#define MANAGER JIG_VECTORS "/arduino-platforms/manager/packages"

/* A registry over up to two folders, with a view. */
struct bench {
    struct jig_hardware *hw;
    struct jig_hardware_view *view;
};

static struct bench open_bench(const char *one, const char *two, const char *data)
{
    struct bench b = {0};
    struct jig_strv folders = {0};
    struct jig_err err = JIG_ERR_INIT;
    jig_strv_append(&folders, one);
    if (two != NULL)
        jig_strv_append(&folders, two);
    b.hw = jig_hardware_new(&folders, data != NULL ? data : "/nonexistent");
    jig_strv_release(&folders);
    if (jig_hardware_refresh(b.hw, &b.view, NULL, &err) != JIG_OK)
        fail_msg("%s", err.message);
    return b;
}

static void close_bench(struct bench *b)
{
    jig_hardware_view_unref(b->view);
    jig_hardware_free(b->hw);
}

static struct jig_board_config *resolve(struct bench *b, const char *fqbn)
{
    struct jig_board_config *c = NULL;
    struct jig_err err = JIG_ERR_INIT;
    if (jig_board_resolve(b->view, fqbn, NULL, &c, &err) != JIG_OK)
        fail_msg("%s", err.message);
    return c;
}

static void assert_prop(const struct jig_props *p, const char *key, const char *expected)
{
    const char *value = jig_props_get(p, key);
    if (value == NULL || strcmp(value, expected) != 0)
        fail_msg("%s is '%s', not '%s'", key, value != NULL ? value : "(absent)", expected);
}

static void write_file(const char *dir, const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(dir, name);
    JIG_CLEANUP_FREE char *parent = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(parent, 0755, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0644, NULL), JIG_OK);
}

static void a_board_has_all_its_properties(void **state)
{
    (void)state;
    struct bench b = open_bench(SYSTEM, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "acme:tiny:one");
    const struct jig_props *p = c->props;
    assert_prop(p, "build.mcu", "tiny1");
    assert_prop(p, "build.board", "ACME_ONE");
    assert_prop(p, "build.arch", "TINY");
    assert_prop(p, "build.fqbn", "acme:tiny:one");
    assert_prop(p, "_id", "one");
    assert_prop(p, "upload.maximum_size", "4096"); /* boards.local.txt */
    assert_prop(p, "local.word", "platform.local.txt");
    assert_prop(p, "os.word", "penguin");
    assert_prop(p, "runtime.platform.path", SYSTEM "/acme/tiny");
    assert_prop(p, "runtime.hardware.path", SYSTEM "/acme");
    assert_prop(p, "build.core.path", SYSTEM "/acme/tiny/cores/tinycore");
    assert_prop(p, "build.variant.path", SYSTEM "/acme/tiny/variants/one");
    assert_prop(p, "build.system.path", SYSTEM "/acme/tiny/system");
    assert_prop(p, "runtime.os", "linux");
    assert_prop(p, "runtime.ide.version", "10607");
    assert_prop(p, "ide_version", "10607");
    assert_prop(p, "software", "ARDUINO");
    assert_prop(p, "build.library_discovery_phase", "0");
    assert_true(jig_props_is_literal(p, "build.core.path"));
    assert_false(jig_props_has(p, "extra.time.utc"));
    assert_false(c->uses_time);
    assert_string_equal(c->core_path, SYSTEM "/acme/tiny/cores/tinycore");
    assert_string_equal(c->variant_path, SYSTEM "/acme/tiny/variants/one");
    assert_int_equal(c->notices.n, 0);
    jig_board_config_free(c);
    close_bench(&b);
}

static void menus_have_defaults_in_the_files_order(void **state)
{
    (void)state;
    struct bench b = open_bench(SYSTEM, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "acme:tiny:two");
    assert_prop(c->props, "build.mcu", "tiny2a");
    assert_prop(c->props, "build.f_cpu", "1000000L");
    assert_prop(c->props, "build.board", "TINY_TWO"); /* made up, and said so */
    assert_prop(c->props, "build.variant.path", "");
    assert_null(c->variant_path);
    assert_int_equal(c->notices.n, 1);
    JIG_CLEANUP_FREE char *normal = jig_board_normal_fqbn(c);
    assert_string_equal(normal, "acme:tiny:two");
    size_t n = 0;
    struct jig_menu *menus = jig_board_menus(c->platform, c->board, &n);
    assert_int_equal(n, 2);
    assert_string_equal(menus[0].id, "cpu"); /* in the order of menu.*, not of the board */
    assert_string_equal(menus[0].label, "Processor");
    assert_int_equal(menus[0].values.n, 2); /* the one without a label is not offered */
    assert_string_equal(menus[1].values.v[0], "slow");
    jig_menus_free(menus, n);
    jig_board_config_free(c);

    c = resolve(&b, "acme:tiny:two:speed=fast,cpu=b");
    assert_prop(c->props, "build.mcu", "tiny2b");
    assert_prop(c->props, "build.f_cpu", "8000000L"); /* speed stands after cpu in the menu list */
    JIG_CLEANUP_FREE char *chosen = jig_board_normal_fqbn(c);
    assert_string_equal(chosen, "acme:tiny:two:cpu=b,speed=fast");
    jig_board_config_free(c);
    close_bench(&b);
}

static void what_is_unknown_names_what_is_known(void **state)
{
    (void)state;
    static const struct {
        const char *fqbn;
        enum jig_code code;
        const char *message;
    } rows[] = {
        {"acme:tiny:onne", JIG_NOT_FOUND,
         "the platform acme:tiny has no board 'onne'; nearest: one"},
        {"acme:tinny:one", JIG_NOT_FOUND,
         "the platform acme:tinny is not installed; there is: acme:tiny, zeta:tiny"},
        {"acme:tiny:one:cpu=a", JIG_INVALID_ARGUMENT,
         "the board 'one' has no option 'cpu'; it has none"},
        {"acme:tiny:two:cpuu=a", JIG_INVALID_ARGUMENT,
         "the board 'two' has no option 'cpuu'; it has: cpu, speed"},
        {"acme:tiny:two:cpu=c", JIG_INVALID_ARGUMENT,
         "the option 'cpu' of the board 'two' has no value 'c'; it has: a, b"},
        {"acme:tiny:two:cpu=ghost", JIG_INVALID_ARGUMENT,
         "the option 'cpu' of the board 'two' has no value 'ghost'; it has: a, b"},
        {"acme:tiny:three", JIG_NOT_FOUND,
         "the core of the board acme:tiny:three is not there: " SYSTEM "/acme/tiny/cores/nowhere"},
        {"zeta:tiny:lost", JIG_NOT_FOUND,
         "the board zeta:tiny:lost has its core in omega:tiny: the platform omega:tiny is not "
         "installed; there is: zeta:tiny, acme:tiny"},
        {"zeta:tiny:torn", JIG_INVALID_ARGUMENT,
         "the board zeta:tiny:torn has its core in acme and its variant in omega: both must come "
         "from one platform"},
    };
    struct bench b = open_bench(SYSTEM, NULL, NULL);
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_board_config *c = NULL;
        struct jig_err err = JIG_ERR_INIT;
        assert_int_equal(jig_board_resolve(b.view, rows[i].fqbn, NULL, &c, &err), rows[i].code);
        assert_string_equal(err.message, rows[i].message);
    }
    struct jig_err err = JIG_ERR_INIT;
    struct jig_board_config *c = NULL;
    assert_int_equal(jig_board_resolve(b.view, "arduino:avr:uno", NULL, &c, &err), JIG_NOT_FOUND);
    assert_string_equal(err.hint, "install the Debian package arduino-core-avr");
    close_bench(&b);
}

static void cores_can_come_from_another_platform(void **state)
{
    (void)state;
    struct bench b = open_bench(SYSTEM, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "zeta:tiny:spark");
    assert_string_equal(c->platform->vendor, "zeta");
    assert_string_equal(c->core_platform->vendor, "acme");
    assert_string_equal(c->variant_platform->vendor, "zeta");
    assert_prop(c->props, "compiler.extra_flags", "-DZETA");
    assert_true(jig_props_has(c->props, "recipe.c.o.pattern")); /* acme's */
    assert_prop(c->props, "build.core.path", SYSTEM "/acme/tiny/cores/tinycore");
    assert_prop(c->props, "build.variant.path", SYSTEM "/zeta/tiny/variants/spark");
    assert_prop(c->props, "runtime.platform.path", SYSTEM "/zeta/tiny");
    /* zeta is not aware of pluggable discovery: its old forms were brought up to date */
    assert_prop(c->props, "upload.tool.default", "acme:loader");
    assert_prop(c->props, "upload_port.1.pid", "0x0001");
    assert_prop(c->props, "monitor_port.serial.dtr", "off");
    struct jig_strv files = {0};
    jig_board_config_files(c, &files);
    assert_true(jig_strv_contains(&files, SYSTEM "/acme/tiny/boards.local.txt"));
    assert_true(jig_strv_contains(&files, SYSTEM "/zeta/tiny/platform.txt"));
    jig_strv_release(&files);
    jig_board_config_free(c);
    close_bench(&b);
}

static void boards_are_found_by_usb_id(void **state)
{
    (void)state;
    struct bench b = open_bench(SYSTEM, NULL, NULL);
    struct jig_strv found = {0};
    jig_hardware_boards_with_usb(b.view, 0x1209, 0x0001, &found);
    JIG_CLEANUP_FREE char *line = jig_strv_join(&found, " ");
    assert_string_equal(line, "acme:tiny:one zeta:tiny:spark");
    struct jig_board_config *c = resolve(&b, "acme:tiny:one");
    struct jig_usb_id ids[4];
    assert_int_equal(jig_board_usb_ids(c->board, ids, 4), 2); /* each once */
    assert_int_equal(ids[1].pid, 2);
    assert_int_equal(jig_board_usb_ids(c->board, ids, 1), 1);
    jig_board_config_free(c);
    jig_strv_release(&found);
    close_bench(&b);
}

static void the_newest_version_serves_and_any_can_be_asked_for(void **state)
{
    (void)state;
    struct bench b = open_bench(MANAGER, NULL, NULL);
    assert_int_equal(jig_hardware_release_count(b.view), 3);
    struct jig_board_config *c = resolve(&b, "acme:mid:m");
    assert_string_equal(c->platform->version, "1.10.0");
    assert_string_equal(c->platform->name, "Acme Mid 1.10.0");
    jig_board_config_free(c);
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_board_resolve(b.view, "acme:mid:m", "1.9", &c, &err), JIG_OK);
    assert_string_equal(c->platform->version, "1.9.0");
    jig_board_config_free(c);
    assert_int_equal(jig_board_resolve(b.view, "acme:mid:m", "1.8", &c, &err), JIG_NOT_FOUND);
    assert_string_equal(err.message, "version 1.8 of the platform acme:mid is not installed; there "
                                     "is: 1.0.0, 1.10.0, 1.9.0");
    close_bench(&b);
}

static void tools_are_those_asked_for_else_the_vendors_newest(void **state)
{
    (void)state;
    struct bench b = open_bench(MANAGER, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "acme:mid:m");
    assert_prop(c->props, "runtime.tools.mid-gcc.path", MANAGER "/acme/tools/mid-gcc/7.3.0");
    assert_prop(c->props, "runtime.tools.mid-gcc-12.1.0.path",
                MANAGER "/zeta/tools/mid-gcc/12.1.0");
    assert_prop(c->props, "runtime.tools.midload-1.0-rc1.path",
                MANAGER "/acme/tools/midload/1.0-rc1");
    jig_board_config_free(c);
    assert_int_equal(jig_board_resolve(b.view, "acme:mid:m", "1.9.0", &c, NULL), JIG_OK);
    assert_prop(c->props, "runtime.tools.mid-gcc.path", MANAGER "/acme/tools/mid-gcc/10.2.0");
    jig_board_config_free(c);
    close_bench(&b);
}

static void layouts_and_links_lead_to_the_same_platform(void **state)
{
    const char *dir = *state;
    JIG_CLEANUP_FREE char *book = jig_path_join(dir, "hardware");
    JIG_CLEANUP_FREE char *link_path = jig_path_join(book, "acme");
    assert_int_equal(jig_fs_mkdirs(book, 0755, NULL), JIG_OK);
    assert_int_equal(symlink(SYSTEM "/acme", link_path), 0);
    JIG_CLEANUP_FREE char *packages = jig_path_join(dir, "packages");
    assert_int_equal(symlink(MANAGER, packages), 0);
    struct bench b = open_bench(dir, NULL, NULL); /* a sketchbook and Boards Manager's folder */
    struct jig_board_config *c = resolve(&b, "acme:tiny:one");
    assert_string_equal(c->platform->path, SYSTEM "/acme/tiny");
    jig_board_config_free(c);
    c = resolve(&b, "acme:mid:m");
    jig_board_config_free(c);
    close_bench(&b);
}

/* The value of `key` of board good:x:b after a refresh, and whether the view was a new one. */
static char *value_now(struct bench *b, const char *key, bool *ret_changed)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_hardware_view *fresh = NULL;
    if (jig_hardware_refresh(b->hw, &fresh, ret_changed, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_hardware_view_unref(b->view);
    b->view = fresh;
    struct jig_board_config *c = resolve(b, "good:x:b");
    char *value = jig_xstrdup(jig_props_get_or(c->props, key, "(absent)"));
    jig_board_config_free(c);
    return value;
}

static void assert_now(struct bench *b, const char *key, const char *expected, bool changed)
{
    bool did = false;
    JIG_CLEANUP_FREE char *value = value_now(b, key, &did);
    assert_string_equal(value, expected);
    assert_int_equal(did, changed);
}

static void a_damaged_platform_fails_only_who_asks(void **state)
{
    const char *dir = *state;
    write_file(dir, "good/x/boards.txt", "b.name=B\nb.build.core=c\n");
    write_file(dir, "good/x/cores/c/Arduino.h", "");
    write_file(dir, "bad/x/platform.txt", "name=Bad\noops\n");
    write_file(dir, "bad/x/boards.txt", "b.name=B\n");
    struct bench b = open_bench(dir, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "good:x:b");
    assert_string_equal(c->platform->name, "good-x");
    jig_board_config_free(c);
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_board_resolve(b.view, "bad:x:b", NULL, &c, &err), JIG_INVALID_ARGUMENT);
    JIG_CLEANUP_FREE char *expected =
        jig_strf("the platform bad:x cannot be used: %s/bad/x/platform.txt:2: 'oops' is not of the "
                 "form key=value",
                 dir);
    assert_string_equal(err.message, expected);
    assert_now(&b, "build.core", "c", false); /* one that failed is no news */
    write_file(dir, "bad/x/platform.txt", "name=Bad\noops, again\n");
    assert_now(&b, "build.core", "c", true);
    struct jig_strv faults = {0};
    size_t n = 0;
    struct jig_board_info *boards = jig_hardware_boards(b.view, &n, &faults);
    assert_int_equal(n, 1);
    assert_string_equal(boards[0].fqbn, "good:x:b");
    assert_int_equal(faults.n, 1);
    jig_board_list_free(boards, n);
    jig_strv_release(&faults);
    close_bench(&b);
}

/* No write is missed, however soon it follows: not one of the same length in the same tick, not a
 * file that appears, not one that goes. */
static void a_refresh_sees_every_change(void **state)
{
    const char *dir = *state;
    write_file(dir, "good/x/platform.txt", "k=1\n");
    write_file(dir, "good/x/boards.txt", "b.build.core=c\n");
    write_file(dir, "good/x/cores/c/Arduino.h", "");
    struct bench b = open_bench(dir, NULL, NULL);
    assert_now(&b, "k", "1", false);
    JIG_CLEANUP_FREE char *path = jig_strf("%s/good/x/platform.txt", dir);
    for (int i = 0; i < 50; i++) {
        /* In place: inode and size stay, and most often the clock's tick, too. */
        char digit[2] = {(char)('2' + i % 8), '\0'};
        FILE *f = fopen(path, "r+");
        assert_non_null(f);
        assert_int_equal(fseek(f, 2, SEEK_SET), 0);
        fputs(digit, f);
        assert_int_equal(fclose(f), 0);
        assert_now(&b, "k", digit, true);
        assert_now(&b, "k", digit, false);
    }
    write_file(dir, "good/x/platform.local.txt", "k=local\n");
    assert_now(&b, "k", "local", true);
    JIG_CLEANUP_FREE char *local = jig_strf("%s/good/x/platform.local.txt", dir);
    assert_int_equal(unlink(local), 0);
    assert_now(&b, "k", "3", true); /* 2 + 49 % 8 */
    write_file(dir, "platform.txt", "k=global\n");
    assert_now(&b, "k", "global", true);
    write_file(dir, "good/tools/t/1.0/README", "");
    JIG_CLEANUP_FREE char *tool = jig_strf("%s/good/tools/t/1.0", dir);
    assert_now(&b, "runtime.tools.t.path", tool, true);
    assert_now(&b, "runtime.tools.t.path", tool, false);
    close_bench(&b);
}

static void a_view_stays_what_it_was(void **state)
{
    const char *dir = *state;
    write_file(dir, "good/x/platform.txt", "k=old\n");
    write_file(dir, "good/x/boards.txt", "b.build.core=c\n");
    write_file(dir, "good/x/cores/c/Arduino.h", "");
    struct bench b = open_bench(dir, NULL, NULL);
    struct jig_board_config *before = resolve(&b, "good:x:b");
    uint64_t number = jig_hardware_view_number(b.view);
    write_file(dir, "good/x/platform.txt", "k=new\n");
    assert_now(&b, "k", "new", true);
    assert_true(jig_hardware_view_number(b.view) > number);
    jig_hardware_free(b.hw); /* a view and a config outlive it */
    assert_prop(before->props, "k", "old");
    assert_string_equal(before->platform->arch, "x");
    jig_board_config_free(before);
    jig_hardware_view_unref(b.view);
}

#define READERS 6
#define ROUNDS  60

struct readers {
    struct jig_hardware *hw;
    atomic_int wrong;
    atomic_int done;
};

/* Whatever is being written meanwhile, a reader sees one of the states, whole. */
static void *read_on(void *arg)
{
    struct readers *r = arg;
    for (int i = 0; i < ROUNDS; i++) {
        struct jig_hardware_view *v = NULL;
        struct jig_board_config *c = NULL;
        if (jig_hardware_refresh(r->hw, &v, NULL, NULL) != JIG_OK ||
            jig_board_resolve(v, "good:x:b", NULL, &c, NULL) != JIG_OK) {
            atomic_fetch_add(&r->wrong, 1);
        } else {
            const char *a = jig_props_get_or(c->props, "a", "?");
            const char *b = jig_props_get_or(c->props, "b", "!");
            if (strcmp(a, b) != 0)
                atomic_fetch_add(&r->wrong, 1);
        }
        jig_board_config_free(c);
        jig_hardware_view_unref(v);
    }
    atomic_fetch_add(&r->done, 1);
    return NULL;
}

static void many_threads_share_what_is_known(void **state)
{
    const char *dir = *state;
    write_file(dir, "good/x/platform.txt", "a=0\nb=0\n");
    write_file(dir, "good/x/boards.txt", "b.build.core=c\n");
    write_file(dir, "good/x/cores/c/Arduino.h", "");
    struct bench b = open_bench(dir, NULL, NULL);
    struct readers r = {.hw = b.hw};
    pthread_t threads[READERS];
    for (size_t i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &r), 0);
    for (int i = 0; atomic_load(&r.done) < READERS; i++) {
        JIG_CLEANUP_FREE char *text = jig_strf("a=%d\nb=%d\n", i, i);
        write_file(dir, "good/x/platform.txt", text);
    }
    for (size_t i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&r.wrong), 0);
    close_bench(&b);
}

static void overlays_mend_what_they_name(void **state)
{
    const char *dir = *state;
    write_file(dir, "hw/good/x/platform.txt", "name=Good (packaged)\nversion=1.8.7\nflags=\nk=0\n");
    write_file(dir, "hw/good/x/platform.local.txt", "mine=user\n");
    write_file(dir, "hw/good/x/boards.txt", "b.build.core=c\nb.build.board=B\n");
    write_file(dir, "hw/good/x/cores/c/Arduino.h", "");
    write_file(dir, "data/overlays/a.txt",
               "overlay.reason=because\noverlay.match.vendor=good\noverlay.match.architecture=x\n"
               "overlay.match.version=1.8.*\noverlay.match.name=*(packaged)*\n"
               "overlay.match.property.flags=\nflags=-DX\nmine=overlay\n");
    write_file(dir, "data/overlays/b.txt",
               "overlay.reason=no\noverlay.match.vendor=good\noverlay.match.architecture=x\n"
               "overlay.match.version=2.*\nk=1\n");
    write_file(dir, "data/overlays/c.txt",
               "overlay.reason=no\noverlay.match.vendor=good\noverlay.match.architecture=x\n"
               "overlay.match.property.k=7\nk=1\n");
    JIG_CLEANUP_FREE char *hw = jig_path_join(dir, "hw");
    JIG_CLEANUP_FREE char *data = jig_path_join(dir, "data");
    struct bench b = open_bench(hw, NULL, data);
    struct jig_board_config *c = resolve(&b, "good:x:b");
    assert_prop(c->props, "flags", "-DX");
    assert_prop(c->props, "mine", "user");
    assert_prop(c->props, "k", "0");
    assert_int_equal(c->notices.n, 1);
    assert_string_equal(c->notices.v[0], "overlay a: because");
    jig_board_config_free(c);
    write_file(
        dir, "data/overlays/b.txt",
        "overlay.reason=yes\noverlay.match.vendor=good\noverlay.match.architecture=x\nk=1\n");
    assert_now(&b, "k", "1", true);
    write_file(dir, "data/overlays/b.txt", "k=1\n");
    struct jig_hardware_view *v = NULL;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_hardware_refresh(b.hw, &v, NULL, &err), JIG_INVALID_ARGUMENT);
    JIG_CLEANUP_FREE char *expected =
        jig_strf("the overlay %s/overlays/b.txt lacks overlay.reason", data);
    assert_string_equal(err.message, expected);
    close_bench(&b);
}

static void the_systems_tools_stand_in(void **state)
{
    const char *dir = *state;
    write_file(dir, "hw/good/x/platform.txt", "tools.avrdude.path={runtime.ide.path}/nowhere\n");
    write_file(dir, "hw/good/x/boards.txt", "b.build.core=c\n");
    write_file(dir, "hw/good/x/cores/c/Arduino.h", "");
    write_file(dir, "hw/good/tools/mine/2.0/README", "");
    write_file(dir, "data/system-tools.txt",
               "avrdude=tools/avrdude bin/avrdude\nmine=/ etc\nroot=/ etc\ngone=/nowhere bin/x\n");
    write_file(dir, "data/tools/avrdude/bin/avrdude", "");
    JIG_CLEANUP_FREE char *hw = jig_path_join(dir, "hw");
    JIG_CLEANUP_FREE char *data = jig_path_join(dir, "data");
    JIG_CLEANUP_FREE char *avrdude = jig_path_join(data, "tools/avrdude");
    JIG_CLEANUP_FREE char *mine = jig_path_join(hw, "good/tools/mine/2.0");
    struct bench b = open_bench(hw, NULL, data);
    assert_now(&b, "runtime.tools.root.path", "/", false);
    assert_now(&b, "runtime.tools.avrdude.path", avrdude, false);
    assert_now(&b, "runtime.tools.mine.path", mine, false);
    assert_now(&b, "runtime.tools.gone.path", "(absent)", false);
    assert_now(&b, "tools.avrdude.path", "{runtime.tools.avrdude.path}", false);
    write_file(dir, "hw/good/x/platform.txt", "tools.avrdude.path=/etc\n");
    assert_now(&b, "tools.avrdude.path", "/etc", true);
    write_file(dir, "data/system-tools.txt", "avrdude=/usr\n");
    struct jig_hardware_view *v = NULL;
    struct jig_err err = JIG_ERR_INIT;
    assert_int_equal(jig_hardware_refresh(b.hw, &v, NULL, &err), JIG_INVALID_ARGUMENT);
    JIG_CLEANUP_FREE char *expected = jig_strf(
        "%s/system-tools.txt: the tool 'avrdude' is not of the form NAME=FOLDER PROBE", data);
    assert_string_equal(err.message, expected);
    close_bench(&b);
}

/* A clone of the AVR core's repository, which asks for the Boards Manager's tools: what runs are
 * Debian's. */
static void a_cloned_core_runs_with_the_systems_compiler(void **state)
{
    const char *dir = *state;
    if (!jig_fs_is_executable("/usr/bin/avr-gcc") || !jig_fs_is_executable("/usr/bin/avrdude"))
        skip();
    write_file(dir, "clone/avr/platform.txt",
               "compiler.path={runtime.tools.avr-gcc.path}/bin/\n"
               "recipe.c.o.pattern=\"{compiler.path}avr-gcc\" -c\n"
               "tools.avrdude.path={runtime.tools.avrdude.path}\n"
               "tools.avrdude.cmd.path={path}/bin/avrdude\n"
               "tools.avrdude.config.path={path}/etc/avrdude.conf\n"
               "tools.avrdude.upload.pattern=\"{cmd.path}\" \"-C{config.path}\"\n");
    write_file(dir, "clone/avr/boards.txt",
               "b.build.core=c\nb.upload.tool=avrdude\nb.upload.protocol=arduino\n");
    write_file(dir, "clone/avr/cores/c/Arduino.h", "");
    JIG_CLEANUP_FREE char *data = jig_data_dir(NULL);
    struct bench b = open_bench(dir, NULL, data);
    struct jig_board_config *c = resolve(&b, "clone:avr:b");
    struct jig_strv argv = {0};
    struct jig_err err = JIG_ERR_INIT;
    if (jig_recipe_argv(c->props, NULL, "recipe.c.o.pattern", false, &argv, &err) != JIG_OK ||
        jig_recipe_find_tool(&argv, "recipe.c.o.pattern", &err) != JIG_OK)
        fail_msg("%s", err.message);
    assert_string_equal(argv.v[0], "/usr/bin/avr-gcc");
    jig_strv_clear(&argv);
    const struct jig_upload_request r = {.build_path = "/b", .project_name = "x"};
    struct jig_upload_plan *plan = NULL;
    if (jig_upload_plan(c, &r, &plan, &err) != JIG_OK ||
        jig_upload_argv(plan, NULL, &argv, &err) != JIG_OK)
        fail_msg("%s", err.message);
    assert_true(jig_fs_is_file(argv.v[1] + strlen("-C")));
    jig_upload_plan_free(plan);
    jig_strv_release(&argv);
    jig_board_config_free(c);
    close_bench(&b);
}

static void the_builds_own_properties(void **state)
{
    (void)state;
    struct bench b = open_bench(SYSTEM, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "acme:tiny:one");
    struct jig_props *custom = jig_props_new();
    jig_props_set(custom, "compiler.extra_flags", "-DMINE");
    struct jig_build_place place = {
        .build_path = "/b", .source_path = "/s", .project_name = "Blink.ino", .custom = custom};
    struct jig_props *p = jig_build_props(c, &place);
    assert_prop(p, "build.path", "/b");
    assert_prop(p, "sketch_path", "/s");
    assert_prop(p, "build.source.path", "/s");
    assert_prop(p, "build.project_name", "Blink.ino");
    assert_prop(p, "compiler.optimization_flags", "-O2");
    assert_prop(p, "compiler.warning_flags", "-w");
    assert_prop(p, "compiler.extra_flags", "-DMINE");
    jig_props_free(p);
    place.debug = true;
    place.warnings = JIG_WARNINGS_ALL;
    p = jig_build_props(c, &place);
    assert_prop(p, "compiler.optimization_flags", "-Og");
    assert_prop(p, "compiler.warning_flags", "-Wall");
    jig_props_free(p);
    jig_props_free(custom);
    jig_board_config_free(c);
    close_bench(&b);
}

static void the_time_is_only_there_when_asked_for(void **state)
{
    const char *dir = *state;
    write_file(dir, "good/x/platform.txt", "flags=-DT={extra.time.local}\n");
    write_file(dir, "good/x/boards.txt", "b.build.core=c\n");
    write_file(dir, "good/x/cores/c/Arduino.h", "");
    struct bench b = open_bench(dir, NULL, NULL);
    struct jig_board_config *c = resolve(&b, "good:x:b");
    assert_true(c->uses_time);
    struct jig_build_place place = {.build_path = "/b",
                                    .source_path = "/s",
                                    .project_name = "p",
                                    .time_utc_s = 1000000,
                                    .zone_s = 3600,
                                    .dst_s = 60};
    struct unsteady u;
    unsteady_begin(&u);
    struct jig_props *p = jig_build_props(c, &place);
    assert_int_equal(unsteady_end(&u), 1);
    assert_prop(p, "extra.time.utc", "1000000");
    assert_prop(p, "extra.time.local", "1003660");
    assert_prop(p, "extra.time.zone", "3600");
    assert_prop(p, "extra.time.dst", "60");
    jig_props_free(p);
    jig_board_config_free(c);
    close_bench(&b);
}

/* The SHA-256 of a board's properties, as tests/vectors/arduino-platforms/avr-oracle.sh makes it.
 */
static void hash_props(const struct jig_props *p, char out[JIG_SHA256_HEX])
{
    static const char *const left_out[] = {"extra.time.", "runtime.ide.path", "runtime.tools.",
                                           "tools.avrdude.path"};
    struct jig_strv lines = {0};
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(p, &at, &key, &value);) {
        bool skipped = false;
        for (size_t i = 0; i < JIG_COUNT(left_out); i++)
            skipped |= jig_str_starts(key, left_out[i]);
        if (!skipped)
            jig_strv_append_take(&lines, jig_strf("%s=%s\n", key, value));
    }
    jig_strv_sort(&lines);
    JIG_CLEANUP_FREE char *text = jig_strv_join(&lines, "");
    jig_strv_release(&lines);
    struct jig_digest d = jig_sha256_of(text, strlen(text));
    jig_digest_hex(&d, out);
}

/* For each board and option of the real platform, the very properties that arduino-cli uses. */
static void the_avr_platform_is_understood_as_arduino_cli_does(void **state)
{
    (void)state;
    struct bench b = open_bench("/usr/share/arduino/hardware", NULL, NULL);
    const struct jig_platform *avr = NULL;
    if (jig_hardware_platform(b.view, "arduino", "avr", "1.8.7", &avr, NULL) != JIG_OK) {
        close_bench(&b);
        skip(); /* another version has other properties */
    }
    struct jig_buf text;
    struct jig_strv rows = {0};
    jig_buf_init(&text, 1 << 20);
    assert_int_equal(jig_fs_read(JIG_VECTORS "/arduino-platforms/avr-oracle.txt", &text, NULL),
                     JIG_OK);
    jig_str_split(text.data, "\n", false, &rows);
    assert_int_equal(rows.n, 46);
    for (size_t i = 0; i < rows.n; i++) {
        char hex[JIG_SHA256_HEX];
        struct jig_board_config *c = resolve(&b, rows.v[i] + JIG_SHA256_HEX);
        hash_props(c->props, hex);
        if (strncmp(rows.v[i], hex, JIG_SHA256_HEX - 1) != 0)
            fail_msg("the properties of %s differ", rows.v[i] + JIG_SHA256_HEX);
        jig_board_config_free(c);
    }
    jig_strv_release(&rows);
    jig_buf_release(&text);
    close_bench(&b);
}

int main(void)
{
#define IN_FOLDER(test)                                                                            \
    cmocka_unit_test_setup_teardown(test, unit_folder_setup, unit_folder_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_board_has_all_its_properties),
        cmocka_unit_test(menus_have_defaults_in_the_files_order),
        cmocka_unit_test(what_is_unknown_names_what_is_known),
        cmocka_unit_test(cores_can_come_from_another_platform),
        cmocka_unit_test(boards_are_found_by_usb_id),
        cmocka_unit_test(the_newest_version_serves_and_any_can_be_asked_for),
        cmocka_unit_test(tools_are_those_asked_for_else_the_vendors_newest),
        IN_FOLDER(layouts_and_links_lead_to_the_same_platform),
        IN_FOLDER(a_damaged_platform_fails_only_who_asks),
        IN_FOLDER(a_refresh_sees_every_change),
        IN_FOLDER(a_view_stays_what_it_was),
        IN_FOLDER(many_threads_share_what_is_known),
        IN_FOLDER(overlays_mend_what_they_name),
        IN_FOLDER(the_systems_tools_stand_in),
        IN_FOLDER(a_cloned_core_runs_with_the_systems_compiler),
        cmocka_unit_test(the_builds_own_properties),
        cmocka_unit_test(the_avr_platform_is_understood_as_arduino_cli_does),
        IN_FOLDER(the_time_is_only_there_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

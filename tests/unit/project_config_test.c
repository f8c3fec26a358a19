/* Projects as a whole: what a folder is, whose fault an error is, when to load anew. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/config/pio_options.h"
#include "core/config/project.h"
#include "core/os/fs.h"
#include "tests/support/unsteady.h"

static struct jig_err err;
static struct jig_project *project;
static struct jig_strv needs;
static char *root; /* <folder>/proj */

static int setup(void **state)
{
    if (unit_folder_setup(state) != 0)
        return -1;
    root = jig_path_join(*state, "proj");
    jig_err_clear(&err);
    return mkdir(root, 0700);
}

static int teardown(void **state)
{
    jig_project_free(project);
    project = NULL;
    jig_strv_release(&needs);
    free(root);
    return unit_folder_teardown(state);
}

static void write_file(const char *name, const char *text)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(root, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(dir, 0700, NULL), JIG_OK);
    assert_int_equal(jig_fs_write_atomic(path, text, strlen(text), 0600, NULL), JIG_OK);
}

static enum jig_code load_with(const struct jig_project_how *how)
{
    jig_project_free(project);
    project = NULL;
    jig_strv_clear(&needs);
    jig_err_clear(&err);
    return jig_project_load(root, how, &project, &needs, &err);
}

static enum jig_code load(const char *ini)
{
    write_file("platformio.ini", ini);
    return load_with(NULL);
}

static void check_refused(const char *ini, const char *message)
{
    assert_int_equal(load(ini), JIG_INVALID_ARGUMENT);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    assert_string_equal(err.message, message);
    assert_null(project);
}

/* The error that picking an environment gives. */
static void check_environment_refused(const char *ini, const char *name, const char *message)
{
    const struct jig_environment *e = NULL;
    assert_int_equal(load(ini), JIG_OK);
    assert_int_not_equal(jig_project_environment(project, name, &e, &err), JIG_OK);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    assert_string_equal(err.message, message);
}

/* --- the folder ------------------------------------------------------------------------------ */

static void test_nothing_there(void **state)
{
    (void)state;
    assert_int_equal(load_with(NULL), JIG_NOT_FOUND);
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
    assert_non_null(strstr(err.message,
                           "is not a project: there is neither platformio.ini nor proj.ino in it"));
    write_file("other.ino", "");
    assert_int_equal(load_with(NULL), JIG_NOT_FOUND);
    assert_non_null(strstr(err.hint, "rename other.ino to proj.ino"));
    assert_int_equal(jig_project_load("/nonexistent/x", NULL, &project, NULL, &err), JIG_NOT_FOUND);
}

static void test_platformio_ini_is_a_folder(void **state)
{
    (void)state;
    write_file("platformio.ini/x", "");
    assert_int_equal(load_with(NULL), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "platformio.ini is not a regular file"));
    assert_int_equal(err.reason, JIG_REASON_BAD_PROJECT);
}

static void test_platformio_ini_wins_over_a_sketch(void **state)
{
    (void)state;
    write_file("proj.ino", "");
    assert_int_equal(load("[env:uno]\n"), JIG_OK);
    assert_int_equal(project->kind, JIG_PROJECT_PLATFORMIO);
    JIG_CLEANUP_FREE char *ini = jig_path_join(root, "platformio.ini");
    jig_project_free(project);
    project = NULL;
    assert_int_equal(jig_project_load(ini, NULL, &project, NULL, &err), JIG_OK);
    assert_string_equal(project->file, ini);
}

static void test_other_config_file(void **state)
{
    (void)state;
    write_file("other.ini", "[env:other]\n");
    write_file("platformio.ini", "[env:uno]\n");
    JIG_CLEANUP_FREE char *other = jig_path_join(root, "other.ini");
    struct jig_project_how how = {.config_file = other};
    assert_int_equal(load_with(&how), JIG_OK);
    assert_string_equal(project->environments[0].name, "other");
    assert_string_equal(project->file, other);
}

static void test_a_link_is_resolved(void **state)
{
    write_file("platformio.ini", "[env:uno]\n");
    JIG_CLEANUP_FREE char *link = jig_path_join(*state, "link");
    assert_int_equal(symlink(root, link), 0);
    assert_int_equal(jig_project_load(link, NULL, &project, NULL, &err), JIG_OK);
    assert_string_equal(project->root, root);
    assert_string_equal(jig_path_base(jig_project_string(project, "src_dir")), "src");
}

/* --- errors ---------------------------------------------------------------------------------- */

static void test_project_errors(void **state)
{
    (void)state;
    check_refused("[env:uno]\nbroken\n",
                  "platformio.ini:2: neither a [section], an 'option = value' nor the rest of one: "
                  "'broken'");
    check_refused("[env:uno]\n[env:uno]\n",
                  "platformio.ini:2: this section is in the file twice: 'env:uno'");
    check_refused("[platformio]\ndefault_envs = uno, x\n[env:uno]\n[env:nano]\n",
                  "platformio.ini:2: default_envs names 'x', which is not an environment; there "
                  "are: uno, nano");
    check_refused("[env:my board]\n",
                  "platformio.ini:1: the environment name 'my board' has other characters than "
                  "letters, digits, - and _");
    check_refused("[platformio]\nsrc_dir = ${a.b}\n[env:uno]\n",
                  "platformio.ini:2: ${a.b} in 'src_dir' of [platformio]: there is no section [a]");
    assert_int_equal(load("[common]\nx=1\n"), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "platformio.ini has no environment"));
}

static void test_environment_errors(void **state)
{
    (void)state;
    check_environment_refused("[c]\na=1\n[env:uno]\nboard = ${c.b}\n", "uno",
                              "platformio.ini:4: ${c.b} in 'board' of [env:uno]: [c] has no option "
                              "'b'");
    check_environment_refused("[env:uno]\nx = ${this.y}\ny = ${this.x}\n", "uno",
                              "platformio.ini:3: ${this.x} in 'y' of [env:uno]: 'x' of [env:uno] "
                              "refers to itself through ${...}");
    check_environment_refused("[env:uno]\nmonitor_speed = fast\n", "uno",
                              "platformio.ini:2: 'monitor_speed' of [env:uno]: 'fast' is not a "
                              "whole number");
    check_environment_refused("[env:uno]\nlib_ldf_mode = deeper\n", "uno",
                              "platformio.ini:2: 'lib_ldf_mode' of [env:uno]: 'deeper' is not one "
                              "of: off, chain, deep, chain+, deep+");
    check_environment_refused("[env:uno]\nlib_archive = maybe\n more\n", "uno",
                              "platformio.ini:2: 'lib_archive' of [env:uno]: 'maybe...' is neither "
                              "yes nor no");
    check_environment_refused("[env:uno]\nmonitor_rts = 2\n", "uno",
                              "platformio.ini:2: 'monitor_rts' of [env:uno]: 2 is neither 0 nor 1");
    check_environment_refused(
        "[a]\nextends = b\n[b]\nextends = c, a\n[c]\n[env:uno]\nextends = a\n", "uno",
        "platformio.ini:4: 'extends' goes round in circles: a -> b -> a");
    check_environment_refused("[env:uno]\nextends = env:uno\n", "uno",
                              "platformio.ini:2: 'extends' goes round in circles: env:uno -> "
                              "env:uno");
    check_environment_refused("[env:uno]\n[env:nano]\n", "unoo",
                              "environment 'unoo' is not in platformio.ini; it has: uno, nano");
    assert_int_equal(err.code, JIG_NOT_FOUND);
    assert_string_equal(err.hint, "did you mean 'uno'?");
}

static void test_one_bad_environment_spoils_no_other(void **state)
{
    (void)state;
    const struct jig_environment *e = NULL;
    assert_int_equal(load("[env:bad]\nmonitor_speed = x\n[env:good]\nboard = uno\n"), JIG_OK);
    assert_int_equal(jig_project_environment(project, "good", &e, &err), JIG_OK);
    assert_string_equal(jig_environment_string(e, "board"), "uno");
    assert_int_equal(jig_project_environment(project, "bad", &e, &err), JIG_INVALID_ARGUMENT);
}

/* --- ceilings -------------------------------------------------------------------------------- */

static void test_reference_bomb(void **state)
{
    (void)state;
    struct jig_buf ini;
    jig_buf_init(&ini, 1u << 20);
    jig_buf_puts(&ini, "[c]\nx0 = y\n");
    for (int i = 1; i < 60; i++)
        jig_buf_printf(&ini, "x%d = ${c.x%d}${c.x%d}\n", i, i - 1, i - 1);
    jig_buf_puts(&ini, "[env:uno]\nboard = ${c.x59}\n");
    assert_int_equal(load(ini.data), JIG_OK);
    assert_int_not_equal(project->environments[0].error, NULL);
    assert_int_equal(project->environments[0].error->reason, JIG_REASON_BAD_PROJECT);
    jig_buf_release(&ini);
}

static void test_deep_chains(void **state)
{
    (void)state;
    struct jig_buf ini;
    jig_buf_init(&ini, 16u << 20);
    for (int i = 0; i < 20000; i++)
        jig_buf_printf(&ini, "[s%d]\nextends = s%d\nx = ${s%d.x}\n", i, i + 1, i + 1);
    jig_buf_puts(&ini, "[env:deep]\nextends = s0\n[env:far]\nboard = ${s19000.x}\n[env:ok]\n");
    assert_int_equal(load(ini.data), JIG_OK);
    for (int i = 0; i < 2; i++)
        assert_non_null(strstr(project->environments[i].error->message, "nested more than"));
    assert_null(project->environments[2].error);
    jig_buf_release(&ini);
}

static void test_too_many_environments(void **state)
{
    (void)state;
    struct jig_buf ini;
    jig_buf_init(&ini, 1u << 20);
    for (int i = 0; i < 1001; i++)
        jig_buf_printf(&ini, "[env:e%d]\n", i);
    assert_int_equal(load(ini.data), JIG_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(err.message, "more than 1000 environments"));
    jig_buf_release(&ini);
}

/* --- what comes out -------------------------------------------------------------------------- */

static const char sample[] = "[platformio]\n"
                             "default_envs = nano\n"
                             "src_dir = app\n"
                             "colour = red\n"
                             "[env]\n"
                             "framework = arduino, other\n"
                             "frmework = x\n"
                             "[base]\n"
                             "monitor_baud = 57600\n"
                             "[env:uno]\n"
                             "extends = base, nothing\n"
                             "board = uno\n"
                             "lib_archive = no\n"
                             "build_flag = -DX\n"
                             "custom_x = 1\n"
                             "board_build.f_cpu = 8L\n"
                             "extra_scripts = pre:a.py, b.py\n"
                             "[env:nano]\n";

static void test_values(void **state)
{
    (void)state;
    assert_int_equal(load(sample), JIG_OK);
    const struct jig_environment *e = NULL;
    assert_int_equal(jig_project_environment(project, "uno", &e, &err), JIG_OK);
    assert_false(e->is_default);
    assert_string_equal(jig_environment_string(e, "board"), "uno");
    assert_null(jig_environment_string(e, "platform"));
    assert_null(jig_environment_option(e, "platform"));
    assert_int_equal(jig_environment_list(e, "framework")->n, 2);
    assert_int_equal(jig_environment_list(e, "lib_deps")->n, 0);
    assert_int_equal(jig_environment_int(e, "monitor_speed", -1), 57600);
    assert_int_equal(jig_environment_int(e, "test_speed", -1), 115200);
    assert_int_equal(jig_environment_int(e, "upload_speed", -1), -1);
    assert_false(jig_environment_bool(e, "lib_archive", true));
    assert_true(jig_environment_bool(e, "board", true) == false);
    assert_string_equal(jig_environment_string(e, "build_src_filter"), "+<*> -<.git/> -<.svn/>");
    const struct jig_option *o = jig_environment_option(e, "monitor_speed");
    assert_string_equal(o->name, "monitor_baud");
    assert_string_equal(o->section, "base");
    assert_int_equal(o->line, 9);
    assert_true(jig_str_ends(o->file, "/proj/platformio.ini"));
    assert_false(jig_environment_option(e, "test_speed")->is_set);
    JIG_CLEANUP_FREE char *app = jig_path_join(root, "app");
    assert_string_equal(jig_project_string(project, "src_dir"), app);
    assert_string_equal(jig_project_string(project, "name"), "proj");
    struct jig_strv names = {0};
    jig_project_default_environments(project, &names);
    assert_int_equal(names.n, 1);
    assert_string_equal(names.v[0], "nano");
    jig_strv_release(&names);
}

static void test_warnings(void **state)
{
    (void)state;
    assert_int_equal(load(sample), JIG_OK);
    assert_int_equal(project->warnings.n, 2);
    assert_string_equal(project->warnings.v[0],
                        "platformio.ini:4: option 'colour' in [platformio] is "
                        "not known to PlatformIO or jig");
    assert_string_equal(
        project->warnings.v[1],
        "platformio.ini:7: option 'frmework' in [env] is not known to PlatformIO or "
        "jig; did you mean 'framework'?");
    const struct jig_strv *w = &project->environments[0].warnings;
    assert_int_equal(w->n, 3);
    assert_string_equal(w->v[0], "platformio.ini:14: option 'build_flag' in [env:uno] is not known "
                                 "to PlatformIO or jig; did you mean 'build_flags'?");
    assert_string_equal(w->v[1], "extra_scripts of [env:uno] are not run: pre:a.py, b.py");
    assert_string_equal(w->v[2], "'extends' of [env:uno] names [nothing], which is not there");
    assert_int_equal(project->environments[1].warnings.n, 0);
}

static void test_legacy_names_are_warned_about(void **state)
{
    (void)state;
    assert_int_equal(load("[env:uno]\nsrc_filter = +<a>\nmonitor_raw = yes\n"
                          "monitor_filters = time\n"),
                     JIG_OK);
    const struct jig_strv *w = &project->environments[0].warnings;
    assert_int_equal(w->n, 2);
    assert_string_equal(w->v[0], "platformio.ini:2: option 'src_filter' in [env:uno] is a former "
                                 "name of 'build_src_filter'");
    assert_non_null(strstr(w->v[1], "monitor_raw and monitor_filters"));
    assert_string_equal(jig_environment_string(&project->environments[0], "build_src_filter"),
                        "+<a>");
    assert_string_equal(jig_environment_string(&project->environments[0], "src_filter"), "+<a>");
}

/* --- variables ------------------------------------------------------------------------------- */

struct variable {
    const char *name;
    const char *value; /* NULL: known to be unset */
};

/* Knows what is in the list, and all PLATFORMIO_* and HOME as unset. */
static const char *get_variable(void *ctx, const char *name, bool *ret_known)
{
    *ret_known = true;
    for (const struct variable *v = ctx; v->name != NULL; v++) {
        if (strcmp(v->name, name) == 0)
            return v->value;
    }
    *ret_known = jig_str_starts(name, "PLATFORMIO_") || strcmp(name, "HOME") == 0;
    return NULL;
}

static void test_unsettled_variables_are_asked_for(void **state)
{
    (void)state;
    write_file("platformio.ini", "[env:a]\nboard = ${sysenv.ONE}${sysenv.TWO}\n"
                                 "[env:b]\nmonitor_speed = ${sysenv.SPEED}\n");
    struct variable none[] = {{NULL, NULL}};
    struct jig_project_how how = {.env = {get_variable, none}};
    assert_int_equal(load_with(&how), JIG_FAILED_PRECONDITION);
    assert_int_equal(err.reason, JIG_REASON_NEEDS_ENV);
    assert_int_equal(needs.n, 3);
    assert_string_equal(needs.v[0], "ONE");
    assert_string_equal(needs.v[2], "SPEED");
    struct variable all[] = {{"ONE", "1"}, {"TWO", NULL}, {"SPEED", "300"}, {NULL, NULL}};
    how.env.ctx = all;
    assert_int_equal(load_with(&how), JIG_OK);
    assert_string_equal(jig_environment_string(&project->environments[0], "board"), "1");
    assert_int_equal(jig_environment_int(&project->environments[1], "monitor_speed", 0), 300);
    assert_true(jig_project_is_current(project, &how.env));
    all[1].value = "2";
    assert_false(jig_project_is_current(project, &how.env));
}

static const char *know_nothing(void *ctx, const char *name, bool *ret_known)
{
    (void)ctx;
    (void)name;
    *ret_known = false;
    return NULL;
}

/* What a load may ask for by itself is what jig_project_variables tells clients to send. */
static void test_variables_known_up_front(void **state)
{
    (void)state;
    write_file("platformio.ini", "[env:a]\n");
    struct jig_project_how how = {.env = {know_nothing, NULL}};
    assert_int_equal(load_with(&how), JIG_FAILED_PRECONDITION);
    struct jig_strv listed = {0};
    for (const char *const *v = jig_project_variables(); *v != NULL; v++)
        jig_strv_append(&listed, *v);
    jig_strv_sort(&needs);
    jig_strv_sort(&listed);
    assert_int_equal(needs.n, listed.n);
    for (size_t i = 0; i < needs.n; i++)
        assert_string_equal(needs.v[i], listed.v[i]);
    jig_strv_release(&listed);
}

static void test_unix_time(void **state)
{
    (void)state;
    write_file("platformio.ini", "[env:a]\ncustom_t = ${UNIX_TIME}\n");
    struct jig_project_how how = {.unix_time_s = 1234567890};
    struct unsteady u;
    unsteady_begin(&u);
    assert_int_equal(load_with(&how), JIG_OK);
    assert_true(unsteady_end(&u) > 0);
    assert_true(project->uses_unix_time);
    assert_string_equal(jig_environment_string(&project->environments[0], "custom_t"),
                        "1234567890");
    assert_int_equal(load("[env:a]\n"), JIG_OK);
    assert_false(project->uses_unix_time);
}

/* --- change tracking ------------------------------------------------------------------------- */

static bool current(void)
{
    return jig_project_is_current(project, NULL);
}

static void test_edits_are_seen(void **state)
{
    (void)state;
    write_file("extra.ini", "[env:b]\nboard = x\n");
    assert_int_equal(
        load("[platformio]\nextra_configs = extra.ini, conf/*.ini, late.ini\n[env:a]\n"), JIG_OK);
    assert_true(current());
    write_file("unrelated.txt", "x");
    assert_true(current());
    write_file("extra.ini", "[env:b]\nboard = y\n");
    assert_false(current());
}

/* The same length within one tick of the clock, written in place: only the content tells. */
static void test_young_edit_of_equal_length_is_seen(void **state)
{
    (void)state;
    assert_int_equal(load("[env:a]\nboard = one\n"), JIG_OK);
    assert_true(project->inputs[0].racy);
    struct jig_project_input *input = &project->inputs[0];
    FILE *f = fopen(input->path, "r+");
    fputs("[env:a]\nboard = two\n", f);
    fclose(f);
    assert_int_equal(jig_fs_stamp(input->path, &input->stamp, NULL), JIG_OK); /* as if equal */
    assert_false(current());
}

static void test_new_matches_are_seen(void **state)
{
    (void)state;
    write_file("conf/a.ini", "[env:b]\n");
    static const char ini[] = "[platformio]\nextra_configs = conf/*.ini\n  late.ini\n[env:a]\n";
    assert_int_equal(load(ini), JIG_OK);
    assert_true(current());
    write_file("conf/b.ini", "[env:c]\n");
    assert_false(current());
    assert_int_equal(load(ini), JIG_OK);
    assert_int_equal(project->n_environments, 3);
    write_file("late.ini", "[env:d]\n");
    assert_false(current());
    assert_int_equal(load(ini), JIG_OK);
    assert_int_equal(project->n_environments, 4);
    JIG_CLEANUP_FREE char *late = jig_path_join(root, "late.ini");
    assert_int_equal(unlink(late), 0);
    assert_false(current());
}

/* Whether a file is there may decide whether an environment can be used. */
static void test_a_file_that_appears_is_seen(void **state)
{
    (void)state;
    static const char ini[] = "[env:a]\ndebug_svd_path = chip.svd\n";
    assert_int_equal(load(ini), JIG_OK);
    assert_non_null(project->environments[0].error);
    assert_true(current());
    write_file("chip.svd", "x");
    assert_false(current());
    assert_int_equal(load(ini), JIG_OK);
    assert_null(project->environments[0].error);
}

/* --- sketches -------------------------------------------------------------------------------- */

static void test_plain_sketch(void **state)
{
    (void)state;
    write_file("proj.ino", "");
    assert_int_equal(load_with(NULL), JIG_OK);
    assert_int_equal(project->kind, JIG_PROJECT_SKETCH);
    assert_true(jig_str_ends(project->file, "/proj/proj.ino"));
    assert_int_equal(project->n_environments, 1);
    assert_string_equal(project->environments[0].name, "sketch");
    assert_true(project->environments[0].is_default);
    assert_null(jig_environment_string(&project->environments[0], "fqbn"));
    assert_true(current());
    write_file("sketch.yaml", "default_fqbn: arduino:avr:uno\n");
    assert_false(current());
    assert_int_equal(load_with(NULL), JIG_OK);
    assert_string_equal(jig_environment_string(&project->environments[0], "fqbn"),
                        "arduino:avr:uno");
    assert_true(current());
    write_file("platformio.ini", "[env:uno]\n");
    assert_false(current());
}

static void test_sketch_by_its_file(void **state)
{
    (void)state;
    write_file("proj.ino", "");
    write_file("tab.ino", "");
    write_file("platformio.ini", "[env:uno]\n");
    JIG_CLEANUP_FREE char *tab = jig_path_join(root, "tab.ino");
    assert_int_equal(jig_project_load(tab, NULL, &project, NULL, &err), JIG_OK);
    assert_int_equal(project->kind, JIG_PROJECT_SKETCH);
    assert_string_equal(jig_path_base(project->file), "proj.ino");
    JIG_CLEANUP_FREE char *other = jig_path_join(root, "note.txt");
    write_file("note.txt", "");
    jig_project_free(project);
    project = NULL;
    assert_int_equal(jig_project_load(other, NULL, &project, NULL, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "is neither a folder"));
}

static void test_two_main_files(void **state)
{
    (void)state;
    write_file("proj.ino", "");
    write_file("proj.pde", "");
    assert_int_equal(load_with(NULL), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "has two main files: proj.ino and proj.pde"));
}

static void test_sketch_profiles(void **state)
{
    (void)state;
    write_file("proj.ino", "");
    write_file("sketch.yaml", "profiles:\n"
                              "  uno:\n"
                              "    fqbn: arduino:avr:uno\n"
                              "    libraries:\n"
                              "      - Servo (1.2.0)\n"
                              "      - dir: ../libs/Own\n"
                              "  nano:\n"
                              "    fqbn: arduino:avr:nano\n"
                              "    port: /dev/ttyX\n"
                              "default_fqbn: arduino:avr:mega\n"
                              "default_port: /dev/ttyD\n"
                              "default_port_config:\n"
                              "  baudrate: 9600\n"
                              "defalt_profile: uno\n");
    assert_int_equal(load_with(NULL), JIG_OK);
    assert_int_equal(project->n_environments, 3);
    const struct jig_environment *uno = &project->environments[0];
    const struct jig_environment *nano = &project->environments[1];
    const struct jig_environment *sketch = &project->environments[2];
    assert_string_equal(jig_environment_string(uno, "fqbn"), "arduino:avr:uno");
    assert_string_equal(jig_environment_string(uno, "port"), "/dev/ttyD");
    assert_string_equal(jig_environment_string(nano, "port"), "/dev/ttyX");
    assert_string_equal(jig_environment_list(nano, "port_config")->v[0], "baudrate=9600");
    assert_string_equal(jig_environment_list(uno, "libraries")->v[0], "Servo (1.2.0)");
    assert_true(jig_str_ends(jig_environment_list(uno, "library_dirs")->v[0], "/libs/Own"));
    assert_null(strstr(jig_environment_list(uno, "library_dirs")->v[0], ".."));
    assert_string_equal(jig_environment_string(sketch, "fqbn"), "arduino:avr:mega");
    assert_true(sketch->is_default && !uno->is_default && !nano->is_default);
    assert_string_equal(project->warnings.v[0], "sketch.yaml:14: 'defalt_profile' in the sketch "
                                                "project file is not known; did you mean "
                                                "'default_profile'?");
    const struct jig_environment *e = NULL;
    assert_int_equal(jig_project_environment(project, "mega", &e, &err), JIG_NOT_FOUND);
    assert_string_equal(err.message,
                        "environment 'mega' is not in sketch.yaml; it has: uno, nano, sketch");
}

static void test_default_profile(void **state)
{
    (void)state;
    write_file("proj.ino", "");
    write_file("sketch.yml",
               "default_profile: b\nprofiles: {a: {fqbn: x:y:z}, b: {fqbn: x:y:w}}\n");
    assert_int_equal(load_with(NULL), JIG_OK);
    assert_false(project->environments[0].is_default);
    assert_true(project->environments[1].is_default);
    assert_false(project->environments[2].is_default);
    write_file("sketch.yml", "profiles: {a: {fqbn: x:y:z}, b: {fqbn: x:y:w}}\n");
    assert_int_equal(load_with(NULL), JIG_OK);
    assert_true(project->environments[0].is_default && project->environments[1].is_default);
    assert_false(project->environments[2].is_default);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNIT(test_nothing_there),
        UNIT(test_platformio_ini_is_a_folder),
        UNIT(test_platformio_ini_wins_over_a_sketch),
        UNIT(test_other_config_file),
        UNIT(test_a_link_is_resolved),
        UNIT(test_project_errors),
        UNIT(test_environment_errors),
        UNIT(test_one_bad_environment_spoils_no_other),
        UNIT(test_reference_bomb),
        UNIT(test_deep_chains),
        UNIT(test_too_many_environments),
        UNIT(test_values),
        UNIT(test_warnings),
        UNIT(test_legacy_names_are_warned_about),
        UNIT(test_unsettled_variables_are_asked_for),
        UNIT(test_variables_known_up_front),
        UNIT(test_unix_time),
        UNIT(test_edits_are_seen),
        UNIT(test_young_edit_of_equal_length_is_seen),
        UNIT(test_new_matches_are_seen),
        UNIT(test_a_file_that_appears_is_seen),
        UNIT(test_plain_sketch),
        UNIT(test_sketch_by_its_file),
        UNIT(test_two_main_files),
        UNIT(test_sketch_profiles),
        UNIT(test_default_profile),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

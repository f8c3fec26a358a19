#include "service/target.h"

#include <string.h>

#include "core/arduino/data.h"
#include "core/arduino/hardware.h"
#include "core/arduino/piomap.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/lnk/look.h"
#include "core/os/dirs.h"
#include "core/os/fs.h"
#include "core/os/sighting.h"
#include "core/os/time.h"
#include "service/target/depends.h"
#include "service/target/libraries.h"
#include "service/target/uses.h"

#define SYSTEM_HARDWARE "/usr/share/arduino/hardware"

/* What PlatformIO's Arduino frameworks define as ARDUINO. Source: platform-atmelavr's
 * builder/frameworks/arduino.py. */
#define PIO_ARDUINO_VERSION "10808"

struct jig_targets {
    struct jig_hardware *hardware;
    struct jig_libcache *libraries;
    struct jig_strv user_libraries; /* folders of the configuration, and the sketchbook's */
    struct jig_strv installed;      /* where packages are installed */
    struct jig_cache *cache;        /* of which they are; NULL: nothing is leased */
    char *home;
};

struct jig_targets *jig_targets_new(const struct jig_conf *conf, const struct jig_strv *installed,
                                    const char *data_dir)
{
    struct jig_targets *t = jig_new(struct jig_targets);
    JIG_CLEANUP_FREE char *data = jig_data_dir(data_dir);
    t->home = jig_dirs_home();
    struct jig_strv folders = {0};
    jig_strv_extend(&t->installed, installed);
    jig_strv_extend(&folders, &conf->hardware);
    jig_strv_extend(&folders, installed);
    jig_strv_append_take(&folders, jig_path_join(t->home, ".arduino15"));
    jig_strv_append_take(&folders, jig_path_join(t->home, "Arduino"));
    jig_strv_append(&folders, SYSTEM_HARDWARE);
    t->hardware = jig_hardware_new(&folders, data);
    if (conf->overlays != NULL)
        jig_hardware_set_overlays(t->hardware, conf->overlays);
    jig_strv_release(&folders);
    t->libraries = jig_libcache_new();
    jig_strv_extend(&t->user_libraries, &conf->libraries);
    jig_strv_append_take(&t->user_libraries, jig_path_join(t->home, "Arduino/libraries"));
    return t;
}

void jig_targets_lease_from(struct jig_targets *t, struct jig_cache *cache)
{
    t->cache = cache;
}

enum jig_code jig_target_lease(struct jig_targets *t, const struct jig_target *target,
                               struct jig_hold **ret, struct jig_err *reterr)
{
    *ret = NULL;
    if (t->cache == NULL)
        return JIG_OK;
    JIG_CLEANUP_FREE char *who = jig_strf("a build of %s", target->project->root);
    return jig_uses_lease(&target->uses, who, t->cache, &t->installed, ret, reterr);
}

enum jig_code jig_target_lease_board(struct jig_targets *t, const struct jig_board_config *board,
                                     const char *who, struct jig_hold **ret, struct jig_err *reterr)
{
    struct jig_strv uses = {0};
    *ret = NULL;
    if (t->cache == NULL)
        return JIG_OK;
    enum jig_code code = jig_uses_of_board(board, &t->installed, &uses, reterr);
    if (code == JIG_OK)
        code = jig_uses_lease(&uses, who, t->cache, &t->installed, ret, reterr);
    jig_strv_release(&uses);
    return code;
}

void jig_targets_free(struct jig_targets *t)
{
    if (t == NULL)
        return;
    jig_hardware_free(t->hardware);
    jig_libcache_free(t->libraries);
    jig_strv_release(&t->user_libraries);
    jig_strv_release(&t->installed);
    free(t->home);
    free(t);
}

struct jig_targets_stats jig_targets_stats(struct jig_targets *t)
{
    return (struct jig_targets_stats){jig_hardware_stats(t->hardware),
                                      jig_libcache_stats(t->libraries)};
}

/* ---- variables ---- */

struct variables {
    const Jig__V1__ProjectSelector *selector;
    char *home;
};

/* What the client did not send is unknown, but for PLATFORMIO_*, which it sends whenever it has it,
 * and HOME, which is the user's here as there. */
static const char *get_variable(void *ctx, const char *name, bool *ret_known)
{
    const struct variables *v = ctx;
    *ret_known = true;
    for (size_t i = 0; i < v->selector->n_variables; i++) {
        const Jig__V1__EnvironmentVariable *one = v->selector->variables[i];
        if (strcmp(one->name, name) == 0)
            return one->unset ? NULL : one->value;
    }
    if (strcmp(name, "HOME") == 0)
        return v->home;
    *ret_known = jig_str_starts(name, "PLATFORMIO_");
    return NULL;
}

enum jig_code jig_target_project(const Jig__V1__ProjectSelector *selector, struct jig_project **ret,
                                 struct jig_strv *needs_env, struct jig_err *reterr)
{
    if (selector == NULL || selector->directory[0] != '/') {
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "the project's folder is to be an absolute path, not '%s'",
                              selector != NULL ? selector->directory : "");
    }
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    struct variables v = {selector, home};
    struct jig_project_how how = {.env = {get_variable, &v}, .unix_time_s = jig_unix_ms() / 1000};
    return jig_project_load(selector->directory, &how, ret, needs_env, reterr);
}

/* ---- boards ---- */

static enum jig_code open_board(struct jig_targets *t, const char *fqbn,
                                struct jig_board_config **ret, struct jig_err *reterr)
{
    struct jig_hardware_view *view = NULL;
    enum jig_code code = jig_hardware_refresh(t->hardware, &view, NULL, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_board_resolve(view, fqbn, NULL, ret, reterr);
    jig_hardware_view_unref(view);
    return code;
}

enum jig_code jig_target_board(struct jig_targets *t, const char *fqbn,
                               struct jig_board_config **ret, struct jig_err *reterr)
{
    return open_board(t, fqbn, ret, reterr);
}

enum jig_code jig_target_boards_with_usb(struct jig_targets *t, uint16_t vid, uint16_t pid,
                                         struct jig_strv *out, struct jig_err *reterr)
{
    struct jig_hardware_view *view = NULL;
    enum jig_code code = jig_hardware_refresh(t->hardware, &view, NULL, reterr);
    if (code != JIG_OK)
        return code;
    jig_hardware_boards_with_usb(view, vid, pid, out);
    jig_hardware_view_unref(view);
    return JIG_OK;
}

/* platform = arduino:avr@^1.8: the board is one of that platform, by its own name. */
static enum jig_code arduino_fqbn(const struct jig_environment *env, const char *platform,
                                  char **ret, struct jig_err *reterr)
{
    const char *board = jig_environment_string(env, "board");
    if (board == NULL || board[0] == '\0')
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "environment '%s' does not say which board of %s it is for",
                              env->name, platform);
    *ret = jig_strf("%.*s:%s", (int)strcspn(platform, "@ "), platform, board);
    return JIG_OK;
}

static enum jig_code pio_fqbn(const struct jig_piomap *map, const struct jig_environment *env,
                              char **ret, struct jig_pio_pin *pin, struct jig_err *reterr)
{
    const char *platform = jig_environment_string(env, "platform");
    if (jig_depends_is_arduino(platform))
        return arduino_fqbn(env, platform, ret, reterr);
    struct jig_pio_board wanted = {.platform = jig_environment_string(env, "platform"),
                                   .board = jig_environment_string(env, "board"),
                                   .frameworks = jig_environment_list(env, "framework")};
    enum jig_code code = jig_piomap_board(map, &wanted, ret, pin, reterr);
    if (code != JIG_OK)
        jig_err_prefix(reterr, "environment '%s'", env->name);
    return code;
}

/* What the project's files say the board is, before options and defaults are looked at. */
static enum jig_code stated_fqbn(const struct jig_piomap *map, const struct jig_project *project,
                                 const struct jig_environment *env, char **ret,
                                 struct jig_pio_pin *pin, struct jig_err *reterr)
{
    if (project->kind == JIG_PROJECT_PLATFORMIO)
        return pio_fqbn(map, env, ret, pin, reterr);
    const char *fqbn = jig_environment_string(env, "fqbn");
    if (fqbn == NULL) {
        enum jig_code code =
            jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                           "the sketch %s does not say which board it is for", project->root);
        jig_err_hint(reterr, "name it with --fqbn, for example --fqbn arduino:avr:uno, or as "
                             "default_fqbn in sketch.yaml");
        return code;
    }
    *ret = jig_xstrdup(fqbn);
    return JIG_OK;
}

/* What the environment's board_* and upload_* options change about the board. */
static void read_changes(const struct jig_piomap *map, const struct jig_project *project,
                         const struct jig_environment *env, struct jig_board_changes *changes,
                         struct jig_strv *notices)
{
    if (project->kind != JIG_PROJECT_PLATFORMIO)
        return;
    for (size_t i = 0; i < env->options.used; i++) {
        const char *name = env->options.entries[i].key;
        if (name == NULL || (!jig_str_starts(name, "board_") && !jig_str_starts(name, "upload_")))
            continue;
        const struct jig_option *option = env->options.entries[i].value;
        JIG_CLEANUP_FREE char *value = jig_strv_join(&option->values, " ");
        if (jig_piomap_option(map, name, value, project->root, changes) == JIG_PIO_UNKNOWN &&
            option->is_set)
            jig_strv_append_take(notices, jig_strf("option '%s' of environment '%s' has no "
                                                   "counterpart here and changes nothing",
                                                   name, env->name));
    }
}

/* The pin says which version it is, and it is there: then `version` gets it. What jig.lock says to
 * a build goes before that. */
static bool is_pinned(const struct jig_depends *d, const struct jig_hardware_view *view,
                      const struct jig_fqbn *name, const struct jig_pio_pin *pin, char **version)
{
    if (*version != NULL && (d->obey || pin->core == NULL))
        return true;
    bool has = !d->has_platform && pin->core != NULL &&
               jig_depends_has(view, name->vendor, name->arch, pin->core);
    if (has) {
        free(*version);
        *version = jig_xstrdup(pin->core);
    }
    return has;
}

/* What of PlatformIO's words another thing is used for. */
static void tell_substitutes(const struct jig_project *project, const struct jig_environment *env,
                             const struct jig_pio_pin *pin, const struct jig_board_config *board,
                             struct jig_strv *notices)
{
    const struct jig_platform *p = board->platform;
    JIG_CLEANUP_FREE char *used = jig_strf("%s:%s %s", p->vendor, p->arch, p->version);
    if (project->kind != JIG_PROJECT_PLATFORMIO)
        return;
    char *note = jig_pio_pin_note(pin, used);
    if (note != NULL)
        jig_strv_append_take(notices, note);
    note = jig_pio_packages_note(jig_environment_list(env, "platform_packages"), used);
    if (note != NULL)
        jig_strv_append_take(notices, note);
}

/* The board, of the version of its platform that the project asks for. */
static enum jig_code resolve(struct jig_hardware_view *view, const char *fqbn,
                             const struct jig_board_changes *changes, const struct jig_depends *d,
                             struct jig_pio_pin *pin, struct jig_missing *missing,
                             struct jig_board_config **ret, struct jig_err *reterr)
{
    struct jig_fqbn name = JIG_FQBN_INIT;
    JIG_CLEANUP_FREE char *version = NULL;
    enum jig_code code = jig_fqbn_parse(fqbn, &name, reterr);
    if (code != JIG_OK)
        return code;
    code = jig_depends_version(d, view, name.vendor, name.arch, &version, missing, reterr);
    if (code == JIG_OK)
        pin->is_core_at_hand = is_pinned(d, view, &name, pin, &version);
    if (code == JIG_OK)
        code = jig_board_resolve_changed(view, fqbn, version, changes, ret, reterr);
    if (code == JIG_NOT_FOUND && !jig_missing_any(missing))
        jig_depends_repair(view, name.vendor, name.arch, version, missing);
    jig_fqbn_release(&name);
    return code;
}

/* The board of an environment, with what its options change. `fqbn` overrides the project's word.
 */
static enum jig_code environment_board(struct jig_targets *t, const struct jig_project *project,
                                       const struct jig_environment *env, const char *fqbn,
                                       const struct jig_depends *d, struct jig_missing *missing,
                                       struct jig_strv *notices, bool *ret_pinned,
                                       struct jig_board_config **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *stated = fqbn[0] != '\0' ? jig_xstrdup(fqbn) : NULL;
    struct jig_pio_pin pin = {0};
    struct jig_hardware_view *view = NULL;
    struct jig_board_changes changes;
    jig_board_changes_init(&changes);
    enum jig_code code = jig_hardware_refresh(t->hardware, &view, NULL, reterr);
    const struct jig_piomap *map = code == JIG_OK ? jig_hardware_piomap(view) : NULL;
    if (code == JIG_OK && stated == NULL)
        code = stated_fqbn(map, project, env, &stated, &pin, reterr);
    if (code == JIG_OK) {
        read_changes(map, project, env, &changes, notices);
        code = resolve(view, stated, &changes, d, &pin, missing, ret, reterr);
        if (code == JIG_OK)
            tell_substitutes(project, env, &pin, *ret, notices);
        if (code != JIG_OK && reterr != NULL && reterr->reason == JIG_REASON_NONE)
            reterr->reason = fqbn[0] != '\0' ? JIG_REASON_USAGE : JIG_REASON_BAD_PROJECT;
    }
    *ret_pinned = pin.core != NULL && pin.is_core_at_hand;
    jig_pio_pin_release(&pin);
    jig_hardware_view_unref(view);
    jig_board_changes_release(&changes);
    return code;
}

/* The project's jig.lock; one that is not there says nothing. */
static enum jig_code read_lock(const struct jig_project *project, struct jig_lockfile *ret,
                               struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(project->root, JIG_LOCK_FILE);
    *ret = (struct jig_lockfile){0};
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_lockfile_read(path, ret, &err);
    if (code == JIG_OK || code == JIG_NOT_FOUND)
        return JIG_OK;
    if (reterr != NULL)
        *reterr = err;
    return code;
}

enum jig_code jig_target_fqbn(struct jig_targets *t, const struct jig_project *project,
                              const struct jig_environment *environment, char **ret,
                              struct jig_err *reterr)
{
    struct jig_strv notices = {0};
    struct jig_lockfile lock;
    struct jig_depends d = {0};
    struct jig_missing missing = {0};
    struct jig_board_config *board = NULL;
    bool pinned;
    enum jig_code code = read_lock(project, &lock, reterr);
    if (code == JIG_OK)
        code = jig_depends_read(project, environment, &lock, JIG_LOCK_OBEY, &d, reterr);
    if (code == JIG_OK)
        code = environment_board(t, project, environment, "", &d, &missing, &notices, &pinned,
                                 &board, reterr);
    if (code == JIG_OK)
        *ret = jig_board_normal_fqbn(board);
    jig_board_config_free(board);
    jig_depends_release(&d);
    jig_missing_release(&missing);
    jig_lockfile_release(&lock);
    jig_strv_release(&notices);
    return code;
}

/* ---- one environment ---- */

/* An environment's or a board's name as one folder name. */
static char *folder_name(const char *name)
{
    char *out = jig_xstrdup(name);
    for (char *p = out; *p != '\0'; p++) {
        if (strchr("/:,=", *p) != NULL)
            *p = '.';
    }
    if (out[0] == '.')
        out[0] = '_';
    return out;
}

char *jig_target_build_base(const Jig__V1__ProjectSelector *selector, const char *root)
{
    const char *wanted = selector->build_directory;
    return wanted[0] == '/' ? jig_xstrdup(wanted)
                            : jig_path_absolute(root, wanted[0] != '\0' ? wanted : ".jig/build");
}

/* A sketch is built a board a folder, as it is often built for several; a PlatformIO environment by
 * its name. */
static char *choose_build_dir(const Jig__V1__ProjectSelector *selector,
                              const struct jig_target *target,
                              const struct jig_target_environment *e)
{
    bool by_board = target->project->kind == JIG_PROJECT_SKETCH || selector->fqbn[0] != '\0';
    JIG_CLEANUP_FREE char *env = folder_name(e->environment->name);
    JIG_CLEANUP_FREE char *board = folder_name(e->fqbn);
    bool plain = strcmp(e->environment->name, "sketch") == 0;
    JIG_CLEANUP_FREE char *name = !by_board ? jig_xstrdup(env)
                                  : plain   ? jig_xstrdup(board)
                                            : jig_strf("%s-%s", env, board);
    return jig_path_join(target->build_base, name);
}

static enum jig_code open_environment(struct jig_targets *t,
                                      const Jig__V1__ProjectSelector *selector,
                                      const struct jig_target *target, const char *name,
                                      const struct jig_lockfile *lock, enum jig_lock_use use,
                                      struct jig_target_environment *e, struct jig_missing *missing,
                                      struct jig_err *reterr)
{
    const struct jig_project *project = target->project;
    struct jig_depends d = {0};
    e->custom = jig_props_new();
    enum jig_code code = jig_project_environment(project, name, &e->environment, reterr);
    if (code == JIG_OK)
        code = jig_depends_read(project, e->environment, lock, use, &d, reterr);
    if (code == JIG_OK)
        code = jig_depends_check_lock(&d, &t->installed, reterr);
    if (code == JIG_OK)
        code = environment_board(t, project, e->environment, selector->fqbn, &d, missing,
                                 &e->notices, &e->pinned, &e->board, reterr);
    if (code == JIG_OK) {
        e->fqbn = jig_board_normal_fqbn(e->board);
        if (project->kind == JIG_PROJECT_PLATFORMIO)
            jig_props_set(e->custom, "runtime.ide.version", PIO_ARDUINO_VERSION);
        e->build_dir = choose_build_dir(selector, target, e);
        struct jig_target_shelves shelves = {t->libraries, &t->user_libraries, &t->installed};
        code = jig_target_libraries(&shelves, target, &d, e, missing, reterr);
    }
    jig_depends_release(&d);
    return code;
}

static enum jig_code environment_names(const Jig__V1__ProjectSelector *selector,
                                       const struct jig_project *project, struct jig_strv *out,
                                       struct jig_err *reterr)
{
    if (selector->environment[0] != '\0') {
        jig_strv_append(out, selector->environment);
        return JIG_OK;
    }
    jig_project_default_environments(project, out);
    if (out->n > 0)
        return JIG_OK;
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s has no [env:NAME] section, so there is nothing to build",
                          project->file);
}

/* How the project's .lnk files stand. One that is none is as wrong as a line of platformio.ini. */
static enum jig_code look_at_pointers(struct jig_target *target, struct jig_err *reterr)
{
    struct jig_lnk_look look = {0};
    target->pulled_mark = jig_lnk_mark(target->build_base);
    enum jig_code code = jig_lnk_look(target->project->root, target->build_base, &look, reterr);
    if (code != JIG_OK)
        return code;
    if (look.n > 0)
        target->pulled = jig_lnk_files(target->build_base);
    target->needs_pull = jig_lnk_look_needs_pull(&look);
    code = jig_lnk_look_check(&look, reterr);
    jig_lnk_look_release(&look);
    return code;
}

enum jig_code jig_target_open(struct jig_targets *t, const Jig__V1__ProjectSelector *selector,
                              struct jig_target **ret, struct jig_strv *needs_env,
                              struct jig_err *reterr)
{
    struct jig_missing missing = {0};
    enum jig_code code =
        jig_target_open_missing(t, selector, JIG_LOCK_OBEY, ret, needs_env, &missing, reterr);
    jig_missing_release(&missing);
    return code;
}

enum jig_code jig_target_open_missing(struct jig_targets *t,
                                      const Jig__V1__ProjectSelector *selector,
                                      enum jig_lock_use use, struct jig_target **ret,
                                      struct jig_strv *needs_env, struct jig_missing *missing,
                                      struct jig_err *reterr)
{
    struct jig_target *target = jig_new(struct jig_target);
    atomic_init(&target->refs, 1);
    struct jig_strv names = {0};
    struct jig_lockfile lock = {0};
    enum jig_code code = jig_target_project(selector, &target->project, needs_env, reterr);
    if (code == JIG_OK) {
        target->build_base = jig_target_build_base(selector, target->project->root);
        code = look_at_pointers(target, reterr);
    }
    if (code == JIG_OK)
        code = environment_names(selector, target->project, &names, reterr);
    if (code == JIG_OK)
        code = read_lock(target->project, &lock, reterr);
    target->environments = jig_xcalloc(names.n, sizeof *target->environments);
    for (size_t i = 0; code == JIG_OK && i < names.n; i++) {
        target->n++;
        code = open_environment(t, selector, target, names.v[i], &lock, use,
                                &target->environments[i], missing, reterr);
    }
    jig_lockfile_release(&lock);
    jig_strv_release(&names);
    const struct jig_observer *before = jig_observe(NULL); /* no answer rests on this */
    if (code == JIG_OK && t->cache != NULL)
        code = jig_uses_of_target(target, &t->installed, &target->uses, reterr);
    jig_observe(before);
    if (code != JIG_OK)
        jig_target_free(target);
    else
        *ret = target;
    return code;
}

struct jig_target *jig_target_ref(struct jig_target *target)
{
    atomic_fetch_add(&target->refs, 1);
    return target;
}

void jig_target_free(struct jig_target *target)
{
    if (target == NULL || atomic_fetch_sub(&target->refs, 1) != 1)
        return;
    for (size_t i = 0; i < target->n; i++) {
        struct jig_target_environment *e = &target->environments[i];
        jig_libindex_unref(e->libraries);
        jig_board_config_free(e->board);
        jig_props_free(e->custom);
        jig_strv_release(&e->notices);
        jig_strv_release(&e->trees);
        free(e->build_dir);
        free(e->fqbn);
    }
    free(target->environments);
    free(target->build_base);
    free(target->pulled);
    jig_strv_release(&target->uses);
    jig_project_free(target->project);
    free(target);
}

#include "core/arduino/piomap.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"
#include "core/os/fs.h"

struct jig_piomap {
    struct jig_props *platforms; /* "atmelavr" = "arduino:avr" */
    struct jig_props *needs;
    struct jig_props *boards; /* "atmelavr.uno" = FQBN */
    struct jig_props *options;
    struct jig_props *releases; /* "atmelavr.4.1.0" = WORDS */
    struct jig_props *cores;    /* "atmelavr.1.6.0" = "1.6.19" */
};

/* --- reading -----------------------------------------------------------------------------------
 */

static bool how_makes_sense(const char *how)
{
    static const char *const with_property[] = {"set ", "quoted ", "append "};
    for (size_t i = 0; i < JIG_COUNT(with_property); i++) {
        if (jig_str_starts(how, with_property[i]))
            return how[strlen(with_property[i])] != '\0';
    }
    return jig_streq(how, "folder") || jig_streq(how, "build") || jig_streq(how, "nothing");
}

static enum jig_code check_boards(const struct jig_piomap *m, const char *path,
                                  struct jig_err *reterr)
{
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(m->boards, &at, &key, &value);) {
        struct jig_fqbn f = JIG_FQBN_INIT;
        enum jig_code code = jig_fqbn_parse(value, &f, reterr);
        if (code != JIG_OK) {
            jig_err_prefix(reterr, "%s: board.%s", path, key);
            return code;
        }
        jig_fqbn_release(&f);
    }
    return JIG_OK;
}

static enum jig_code check_options(const struct jig_piomap *m, const char *path,
                                   struct jig_err *reterr)
{
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(m->options, &at, &key, &value);) {
        if (!how_makes_sense(value))
            return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                               "%s: option.%s is '%s', which is no way to take an option", path,
                               key, value);
    }
    return JIG_OK;
}

enum jig_code jig_piomap_load(const char *data_dir, struct jig_readlog *log,
                              struct jig_piomap **ret, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(data_dir, "platformio.txt");
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *all = jig_props_new();
    bool found;
    enum jig_code code = jig_props_read(all, path, log, &found, reterr);
    if (code != JIG_OK)
        return code;
    struct jig_piomap *m = jig_new(struct jig_piomap);
    m->platforms = jig_props_subtree(all, "platform");
    m->needs = jig_props_subtree(all, "needs");
    m->boards = jig_props_subtree(all, "board");
    m->options = jig_props_subtree(all, "option");
    m->releases = jig_props_subtree(all, "release");
    m->cores = jig_props_subtree(all, "core");
    code = check_boards(m, path, reterr);
    if (code == JIG_OK)
        code = check_options(m, path, reterr);
    if (code == JIG_OK)
        *ret = m;
    else
        jig_piomap_free(m);
    return code;
}

void jig_piomap_free(struct jig_piomap *m)
{
    if (m == NULL)
        return;
    jig_props_free(m->platforms);
    jig_props_free(m->needs);
    jig_props_free(m->boards);
    jig_props_free(m->options);
    jig_props_free(m->releases);
    jig_props_free(m->cores);
    free(m);
}

/* --- names -------------------------------------------------------------------------------------
 */

/* Cuts `mark` and what follows it off s; the rest, trimmed, or NULL. */
static char *cut_off(char *s, char mark)
{
    char *at = strchr(s, mark);
    if (at == NULL)
        return NULL;
    *at = '\0';
    return jig_xstrdup(jig_str_trim(at + 1));
}

char *jig_pio_platform_name(const char *written, char **ret_version)
{
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(written);
    /* In a URL '@' may name a user, and '#' the version; elsewhere it is the other way round. */
    *ret_version = cut_off(copy, strstr(copy, "://") != NULL ? '#' : '@');
    char *name = jig_str_trim(copy);
    size_t n = strlen(name);
    while (n > 0 && name[n - 1] == '/')
        name[--n] = '\0';
    name = (char *)jig_path_base(name);
    n = strlen(name);
    if (jig_str_ends(name, ".git"))
        n -= strlen(".git");
    else if (jig_str_ends(name, ".zip"))
        n -= strlen(".zip");
    size_t skip = jig_str_starts(name, "platform-") ? strlen("platform-") : 0;
    return jig_xstrndup(name + skip, n - skip);
}

static char *nearest_of(const char *wanted, const struct jig_props *names)
{
    struct jig_strv all = {0};
    struct jig_strv near = {0};
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(names, &at, &key, &value);)
        jig_strv_append(&all, key);
    jig_nearest(wanted, &all, 5, &near);
    char *list = jig_strv_join(&near, ", ");
    jig_strv_release(&all);
    jig_strv_release(&near);
    return list;
}

static enum jig_code bad(struct jig_err *reterr, const char *message, const char *hint)
{
    jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT, "%s", message);
    if (hint != NULL)
        jig_err_hint(reterr, "%s", hint);
    return JIG_INVALID_ARGUMENT;
}

static enum jig_code no_platform(const struct jig_piomap *m, const char *name,
                                 struct jig_err *reterr)
{
    const char *needs = jig_props_get(m->needs, name);
    JIG_CLEANUP_FREE char *message = NULL;
    if (needs != NULL) {
        message = jig_strf("the boards of PlatformIO's platform '%s' are not mapped; their Arduino "
                           "platform is %s",
                           name, needs);
        return bad(reterr, message, "install it and name the board by its FQBN (--fqbn)");
    }
    JIG_CLEANUP_FREE char *near = nearest_of(name, m->platforms);
    message = jig_strf("the platform '%s' is not known%s%s", name,
                       near[0] != '\0' ? "; nearest: " : "", near);
    return bad(reterr, message, NULL);
}

static enum jig_code no_board(const struct jig_piomap *m, const char *platform, const char *board,
                              struct jig_err *reterr)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *ours = jig_props_subtree(m->boards, platform);
    JIG_CLEANUP_FREE char *near = nearest_of(board, ours);
    JIG_CLEANUP_FREE char *message =
        jig_strf("the board '%s' of platform %s is not known%s%s", board, platform,
                 near[0] != '\0' ? "; nearest: " : "", near);
    JIG_CLEANUP_FREE char *hint =
        jig_strf("boards of %s that are not in the list can be named by FQBN (--fqbn)",
                 jig_props_get_or(m->platforms, platform, platform));
    return bad(reterr, message, hint);
}

static bool has_text(const char *s)
{
    return s != NULL && s[0] != '\0';
}

/* --- versions ----------------------------------------------------------------------------------
 */

/* "=4.1.0" and the tag "v4.1.0" are that release; a range leaves it open. */
static struct jig_pio_pin pin_of(const struct jig_piomap *m, const char *platform,
                                 const char *version)
{
    const char *exact = version[0] == '=' || version[0] == 'v' ? version + 1 : version;
    JIG_CLEANUP_FREE char *key = jig_strf("%s.%s", platform, exact + strspn(exact, " "));
    return (struct jig_pio_pin){.platform = jig_xstrdup(platform),
                                .version = jig_xstrdup(version),
                                .brings = jig_props_get(m->releases, key),
                                .core = jig_props_get(m->cores, key)};
}

void jig_pio_pin_release(struct jig_pio_pin *pin)
{
    free(pin->platform);
    free(pin->version);
    *pin = (struct jig_pio_pin){0};
}

char *jig_pio_pin_note(const struct jig_pio_pin *pin, const char *used)
{
    if (pin->platform == NULL || pin->is_core_at_hand)
        return NULL;
    if (pin->core != NULL)
        return jig_strf("PlatformIO's %s %s brings version %s of the core, which is not installed: "
                        "%s is used; to use the other: jig packages install core '%.*s@%s'",
                        pin->platform, pin->version, pin->core, used, (int)strcspn(used, " "), used,
                        pin->core);
    int n = (int)strcspn(used, " "); /* the name without the version */
    if (pin->brings != NULL)
        return jig_strf("PlatformIO's %s %s brings %s, which jig does not have: %s is used "
                        "(platform = %.*s@VERSION names another version)",
                        pin->platform, pin->version, pin->brings, used, n, used);
    return jig_strf("what version '%s' of PlatformIO's platform %s brings is not known: %s is used "
                    "(platform = %.*s@VERSION names another version)",
                    pin->version, pin->platform, used, n, used);
}

char *jig_pio_packages_note(const struct jig_strv *packages, const char *used)
{
    JIG_CLEANUP_FREE char *list = jig_strv_join(packages, ", ");
    if (packages->n == 0)
        return NULL;
    return jig_strf("platform_packages names packages of PlatformIO's (%.300s), which jig does not "
                    "have: the core and the tools are those of %s",
                    list, used);
}

static enum jig_code check_written(const struct jig_pio_board *b, struct jig_err *reterr)
{
    if (!has_text(b->platform))
        return bad(reterr, "no platform is set", "platform = atmelavr");
    if (!has_text(b->board))
        return bad(reterr, "no board is set", "board = uno");
    if (b->frameworks->n == 0)
        return bad(reterr, "no framework is set: projects without one are not built",
                   "framework = arduino");
    if (jig_strv_contains(b->frameworks, "arduino"))
        return JIG_OK;
    JIG_CLEANUP_FREE char *list = jig_strv_join(b->frameworks, ", ");
    JIG_CLEANUP_FREE char *message =
        jig_strf("the framework '%s' is not supported; only arduino is", list);
    return bad(reterr, message, NULL);
}

enum jig_code jig_piomap_board(const struct jig_piomap *m, const struct jig_pio_board *b,
                               char **ret_fqbn, struct jig_pio_pin *pin, struct jig_err *reterr)
{
    enum jig_code code = check_written(b, reterr);
    if (code != JIG_OK)
        return code;
    JIG_CLEANUP_FREE char *version = NULL;
    JIG_CLEANUP_FREE char *platform = jig_pio_platform_name(b->platform, &version);
    if (!jig_props_has(m->platforms, platform))
        return no_platform(m, platform, reterr);
    JIG_CLEANUP_FREE char *key = jig_strf("%s.%s", platform, b->board);
    const char *fqbn = jig_props_get(m->boards, key);
    if (fqbn == NULL)
        return no_board(m, platform, b->board, reterr);
    *ret_fqbn = jig_xstrdup(fqbn);
    if (pin != NULL && has_text(version))
        *pin = pin_of(m, platform, version);
    return JIG_OK;
}

/* --- options -----------------------------------------------------------------------------------
 */

static void append_text(struct jig_props *p, const char *key, const char *value)
{
    const char *now = jig_props_get_or(p, key, "");
    JIG_CLEANUP_FREE char *both = jig_strf("%s%s%s", now, now[0] != '\0' ? " " : "", value);
    jig_props_set(p, key, both);
}

enum jig_pio_option jig_piomap_option(const struct jig_piomap *m, const char *name,
                                      const char *value, const char *root,
                                      struct jig_board_changes *changes)
{
    const char *how = jig_props_get(m->options, name);
    if (how == NULL)
        return JIG_PIO_UNKNOWN;
    if (jig_streq(how, "nothing"))
        return JIG_PIO_NOTHING;
    if (jig_streq(how, "build"))
        return JIG_PIO_TAKEN;
    const char *property = strchr(how, ' ');
    property = property != NULL ? property + 1 : "";
    if (jig_str_starts(how, "set ")) {
        jig_props_set(changes->set, property, value);
    } else if (jig_str_starts(how, "quoted ")) {
        JIG_CLEANUP_FREE char *quoted = jig_strf("\"%s\"", value);
        jig_props_set(changes->set, property, quoted);
    } else if (jig_str_starts(how, "append ")) {
        append_text(changes->append, property, value);
    } else {
        free(changes->variants_dir);
        changes->variants_dir = jig_path_absolute(root, value);
    }
    return JIG_PIO_TAKEN;
}

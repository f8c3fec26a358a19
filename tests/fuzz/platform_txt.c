/*
 * platform_txt.c - properties files: read, expanded, split, and taken for boards and overlays.
 *
 * Beyond "no crash": what a literal value holds comes through expansion and splitting unchanged,
 * and a text that was read and written out again reads the same.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/fqbn.h"
#include "core/arduino/legacy.h"
#include "core/arduino/props.h"
#include "core/arduino/recipe.h"
#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_round_trip(const struct jig_props *p)
{
    struct jig_buf text;
    jig_buf_init(&text, 64 << 20);
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(p, &at, &key, &value);)
        jig_buf_printf(&text, "%s=%s\n", key, value);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *again = jig_props_new();
    /* A key may start with '#' or hold a second ".linux" once its own is cut: those read otherwise.
     */
    (void)!jig_props_parse(again, "again", text.data, text.len, NULL);
    jig_buf_release(&text);
}

/* Whatever is in the literal, it is one word, and the same. A blank one is dropped. */
static void check_literal(struct jig_props *p, const char *literal)
{
    struct jig_strv argv = {0};
    jig_props_set_literal(p, "the.path", literal);
    if (jig_recipe_split(p, NULL, "r", "cc \"{the.path}\" x{the.path}", false, &argv, NULL) ==
            JIG_OK &&
        literal[strspn(literal, " \t\r\n\v\f")] != '\0') {
        if (argv.n != 3 || strcmp(argv.v[1], literal) != 0 || argv.v[2][0] != 'x' ||
            strcmp(argv.v[2] + 1, literal) != 0)
            abort();
    }
    jig_strv_release(&argv);
}

static void check_recipes(struct jig_props *p)
{
    struct jig_strv keys = {0};
    jig_recipe_find(p, "recipe.", &keys);
    for (size_t i = 0; i < keys.n && i < 4; i++) {
        struct jig_strv argv = {0};
        if (jig_recipe_argv(p, NULL, keys.v[i], i % 2 == 0, &argv, NULL) == JIG_OK && argv.n == 0)
            abort();
        jig_strv_release(&argv);
    }
    jig_strv_release(&keys);
}

static void check_names(const char *text)
{
    struct jig_fqbn f = JIG_FQBN_INIT;
    if (jig_fqbn_parse(text, &f, NULL) == JIG_OK) {
        JIG_CLEANUP_FREE char *once = jig_fqbn_format(&f, true);
        struct jig_fqbn again = JIG_FQBN_INIT;
        if (jig_fqbn_parse(once, &again, NULL) != JIG_OK || !jig_fqbn_matches(&again, &f))
            abort();
        jig_fqbn_release(&again);
        jig_fqbn_release(&f);
    }
    int one = jig_version_compare(text, "1.0.0-rc1");
    int other = jig_version_compare("1.0.0-rc1", text);
    if (jig_version_compare(text, text) != 0 || (one < 0) != (other > 0) ||
        (one > 0) != (other < 0))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_props *p = jig_props_new();
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    (void)!jig_props_parse(p, "fuzz", (const char *)data, size, NULL);
    check_round_trip(p);
    check_recipes(p);
    check_literal(p, text);
    check_names(text);
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *board = jig_props_clone(p);
    jig_legacy_board(board, jig_legacy_platform(p));
    jig_legacy_finish(p);
    jig_props_drop_unexpanded(text);
    jig_props_free(p);
    return 0;
}

/*
 * platformio_ini.c - any bytes as a platformio.ini: read, every section resolved, and its lists
 * taken for build flags and patterns. No file is opened.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/str.h"
#include "core/config/flags.h"
#include "core/config/glob.h"
#include "core/config/pio.h"
#include "core/config/src_filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *variable(void *ctx, const char *name)
{
    (void)ctx;
    return name[0] == 'P' ? "value $X" : NULL;
}

static const char *env_get(void *ctx, const char *name, bool *ret_known)
{
    (void)ctx;
    *ret_known = name[0] != 'u';
    return name[0] == 'A' ? "${env.build_flags}" : NULL;
}

static void use(const struct jig_option *o)
{
    struct jig_flags_context context = {.root = "/nonexistent", .variable = variable};
    struct jig_flags flags = {0};
    struct jig_flags unflags = {0};
    struct jig_strv warnings = {0};
    if (jig_flags_parse(&o->values, &context, &flags, &warnings, NULL) == JIG_OK &&
        jig_flags_parse(&o->values, &context, &unflags, NULL, NULL) == JIG_OK) {
        jig_flags_remove(&flags, &unflags);
        jig_flags_compile_words(&flags, JIG_FLAGS_CXX, &warnings);
    }
    jig_flags_release(&flags);
    jig_flags_release(&unflags);
    jig_strv_release(&warnings);
    for (size_t i = 0; i < o->values.n && i < 4; i++) {
        jig_src_filter_free(jig_src_filter_new(o->values.v[i]));
        (void)jig_fnmatch(o->values.v[i], "main.cpp");
    }
}

static void resolve(struct jig_pio *pio, const char *section)
{
    struct jig_strv names = {0};
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_pio_options_of(pio, section, &names, &err);
    for (size_t i = 0; code == JIG_OK && i < names.n && i < 100; i++) {
        struct jig_option *o = NULL;
        if (jig_pio_get(pio, section, names.v[i], &o, &err) == JIG_OK)
            use(o);
        jig_option_free(o);
    }
    jig_strv_release(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_project_how how = {.env = {env_get, NULL}};
    struct jig_pio pio;
    struct jig_err err = JIG_ERR_INIT;
    jig_pio_init(&pio, "/nonexistent", &how);
    if (jig_ini_parse(&pio.ini, "platformio.ini", (const char *)data, size, &err) == JIG_OK) {
        for (size_t i = 0; i < pio.ini.sections.used && i < 50; i++)
            resolve(&pio, pio.ini.sections.entries[i].key);
    } else if (!jig_utf8_valid(err.message, strlen(err.message)) || err.message[0] == '\0') {
        abort(); /* what is refused is refused in words */
    }
    jig_pio_release(&pio);
    return 0;
}

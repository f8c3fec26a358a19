#include "client/lib/selector.h"

#include <string.h>
#include <unistd.h>

#include "client/lib/error.h"
#include "core/base/str.h"

#define ARENA_MAX ((size_t)16 << 20)
#define PREFIX    "PLATFORMIO_"

/* The value of `name` (n bytes) in the environment, or NULL. */
static const char *look_up(const struct jig_selector *s, const char *name, size_t n)
{
    for (const char *const *at = s->environ; at != NULL && *at != NULL; at++) {
        if (strncmp(*at, name, n) == 0 && (*at)[n] == '=')
            return *at + n + 1;
    }
    return NULL;
}

static bool has(const struct jig_selector *s, const char *name, size_t n)
{
    for (size_t i = 0; i < s->message.n_variables; i++) {
        const char *have = s->message.variables[i]->name;
        if (strncmp(have, name, n) == 0 && have[n] == '\0')
            return true;
    }
    return false;
}

static bool make_room(struct jig_selector *s)
{
    if (s->message.n_variables < s->capacity)
        return true;
    size_t more = s->capacity != 0 ? s->capacity * 2 : 16;
    if (more > JIG_SELECTOR_VARIABLES)
        return false;
    Jig__V1__EnvironmentVariable **items =
        jig_result_items(&s->arena, more, sizeof(Jig__V1__EnvironmentVariable *));
    if (items == NULL)
        return false;
    if (s->message.n_variables > 0)
        memcpy(items, s->message.variables, s->message.n_variables * sizeof *items);
    s->message.variables = items;
    s->capacity = more;
    return true;
}

/* A NULL value is an unset variable. */
static bool add(struct jig_selector *s, const char *name, size_t n, const char *value)
{
    Jig__V1__EnvironmentVariable *v = jig_arena_alloc(&s->arena, sizeof *v);
    char *copy = jig_arena_alloc(&s->arena, n + 1);
    if (v == NULL || copy == NULL || !make_room(s))
        return false;
    memcpy(copy, name, n);
    jig__v1__environment_variable__init(v);
    v->name = copy;
    v->unset = value == NULL;
    if (value != NULL)
        v->value = jig_arena_strdup(&s->arena, value);
    s->message.variables[s->message.n_variables++] = v;
    return v->value != NULL;
}

static char *word(const char *s)
{
    return (char *)(uintptr_t)(s != NULL ? s : "");
}

enum jig_status jig_selector_init(struct jig_selector *s, const struct jig_project_selector *in,
                                  struct jig_error *reterr)
{
    *s = (struct jig_selector){
        .environ = in->environ != NULL ? in->environ : (const char *const *)environ,
        .message = JIG__V1__PROJECT_SELECTOR__INIT,
    };
    jig_arena_init(&s->arena, ARENA_MAX);
    s->message.directory = word(in->directory);
    s->message.environment = word(in->environment);
    s->message.fqbn = word(in->fqbn);
    s->message.build_directory = word(in->build_directory);
    for (const char *const *at = s->environ; at != NULL && *at != NULL; at++) {
        const char *equals = strchr(*at, '=');
        if (equals == NULL || !jig_str_starts(*at, PREFIX))
            continue;
        if (!add(s, *at, (size_t)(equals - *at), equals + 1)) {
            jig_selector_release(s);
            return jig_error_set(reterr, JIG_STATUS_RESOURCE_EXHAUSTED,
                                 "there are too many %s* environment variables to send", PREFIX);
        }
    }
    return JIG_STATUS_OK;
}

void jig_selector_release(struct jig_selector *s)
{
    jig_arena_release(&s->arena);
}

bool jig_selector_supply(struct jig_selector *s, const struct jig_error *error)
{
    bool any = false;
    for (const char *at = error->details; *at != '\0';) {
        size_t n = strcspn(at, "\n");
        if (n > 0 && !has(s, at, n)) {
            if (!add(s, at, n, look_up(s, at, n)))
                return false;
            any = true;
        }
        at += n + (at[n] == '\n');
    }
    return any;
}

/* /jig.v1.BuildService/GetProject */
#include <string.h>

#include "core/base/mem.h"
#include "core/build/build.h"
#include "service/builder.h"
#include "service/handlers/handlers.h"

/* What a project's answer is made in: parts that do not fit are left out, never cut in half. */
struct answer {
    struct jig_call *call;
    struct jig_targets *targets;
    const struct jig_project *project;
};

static char *text(const struct answer *a, const char *s)
{
    char *copy = jig_arena_strdup(jig_call_arena(a->call), s);
    return copy != NULL ? copy : (char *)"";
}

static char **strings(const struct answer *a, const struct jig_strv *list, size_t *ret_n)
{
    char **out = jig_call_alloc(a->call, list->n * sizeof *out);
    for (size_t i = 0; out != NULL && i < list->n; i++)
        out[i] = text(a, list->v[i]);
    *ret_n = out != NULL ? list->n : 0;
    return out;
}

static void put_option(const struct answer *a, const struct jig_option *from,
                       Jig__V1__ProjectEnvironment *out)
{
    Jig__V1__ProjectOption *o = jig_call_alloc(a->call, sizeof *o);
    if (o == NULL)
        return;
    jig__v1__project_option__init(o);
    o->name = text(a, from->name);
    o->is_list = from->is_list;
    o->values = strings(a, &from->values, &o->n_values);
    out->options[out->n_options++] = o;
}

static void put_options(const struct answer *a, const struct jig_environment *env,
                        Jig__V1__ProjectEnvironment *out)
{
    out->options = jig_call_alloc(a->call, env->options.count * sizeof *out->options);
    for (size_t i = 0; out->options != NULL && i < env->options.used; i++) {
        if (env->options.entries[i].key != NULL)
            put_option(a, env->options.entries[i].value, out);
    }
}

/* The board and the sources, or why they cannot be told: the environment is shown all the same. */
static void put_resolved(const struct answer *a, const struct jig_environment *env,
                         Jig__V1__ProjectEnvironment *out)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *fqbn = NULL;
    struct jig_strv sources = {0};
    enum jig_code code = env->error != NULL ? env->error->code : JIG_OK;
    if (env->error != NULL)
        err = *env->error;
    if (code == JIG_OK)
        code = jig_target_fqbn(a->targets, a->project, env, &fqbn, &err);
    if (code == JIG_OK)
        out->fqbn = text(a, fqbn);
    if (code == JIG_OK)
        code = jig_build_sources(a->project, env, &sources, &err);
    if (code == JIG_OK)
        out->sources = strings(a, &sources, &out->n_sources);
    else
        out->problem = text(a, err.message);
    jig_strv_release(&sources);
}

static Jig__V1__ProjectEnvironment *environment(const struct answer *a,
                                                const struct jig_environment *env)
{
    Jig__V1__ProjectEnvironment *out = jig_call_alloc(a->call, sizeof *out);
    if (out == NULL)
        return NULL;
    jig__v1__project_environment__init(out);
    out->name = text(a, env->name);
    out->is_default = env->is_default;
    put_options(a, env, out);
    put_resolved(a, env, out);
    return out;
}

/* All environments, or the one that was asked for. */
static void put_environments(const struct answer *a, const char *wanted, Jig__V1__Project *out)
{
    const struct jig_project *p = a->project;
    out->environments = jig_call_alloc(a->call, p->n_environments * sizeof *out->environments);
    for (size_t i = 0; out->environments != NULL && i < p->n_environments; i++) {
        if (wanted[0] != '\0' && strcmp(wanted, p->environments[i].name) != 0)
            continue;
        Jig__V1__ProjectEnvironment *env = environment(a, &p->environments[i]);
        if (env != NULL)
            out->environments[out->n_environments++] = env;
    }
}

static enum jig_code check_wanted(const struct jig_project *p, const char *wanted,
                                  struct jig_err *reterr)
{
    if (wanted[0] == '\0')
        return JIG_OK;
    for (size_t i = 0; i < p->n_environments; i++) {
        if (strcmp(p->environments[i].name, wanted) == 0)
            return JIG_OK;
    }
    const struct jig_environment *none = NULL;
    return jig_project_environment(p, wanted, &none, reterr);
}

static void get(struct jig_call *call, void *ctx)
{
    const struct jig_env *env = ctx;
    const Jig__V1__GetProjectRequest *request = jig_call_request(call);
    struct jig_project *project = NULL;
    struct jig_strv needs = {0};
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_target_project(request->project, &project, &needs, &err);
    if (code == JIG_OK)
        code = check_wanted(project, request->project->environment, &err);
    if (code != JIG_OK) {
        jig_call_fail(call, &err, &needs);
    } else {
        struct answer a = {call, jig_builder_targets(env->builder), project};
        Jig__V1__Project message;
        Jig__V1__GetProjectResponse response;
        jig__v1__project__init(&message);
        jig__v1__get_project_response__init(&response);
        response.project = &message;
        message.directory = text(&a, project->root);
        message.kind = project->kind == JIG_PROJECT_PLATFORMIO
                           ? JIG__V1__PROJECT__KIND__KIND_PLATFORMIO
                           : JIG__V1__PROJECT__KIND__KIND_SKETCH;
        message.warnings = strings(&a, &project->warnings, &message.n_warnings);
        put_environments(&a, request->project->environment, &message);
        jig_call_reply(call, &response.base);
    }
    jig_strv_release(&needs);
    jig_project_free(project);
}

void jig_handle_project_get(const struct jig_env *env, struct jig_call *call)
{
    jig_call_run_in(call, env->reading, get, (void *)env);
}

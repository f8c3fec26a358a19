/* What work on the disk cache came to. */
#include <inttypes.h>
#include <stdio.h>

#include <jig/cache.h>

#include "client/cli/cli.h"
#include "client/cli/json_event.h"
#include "client/cli/json_out.h"
#include "client/cli/report.h"
#include "client/cli/text.h"

static json_t *json_share(const struct jig_cache_share *s)
{
    json_t *o = json_object();
    cli_json_set_int(o, "entries", s->entries);
    cli_json_set_int(o, "bytes", s->size_bytes);
    cli_json_set_int(o, "removed", s->removed);
    cli_json_set_int(o, "removed_bytes", s->removed_bytes);
    cli_json_set_int(o, "in_use", s->in_use);
    cli_json_set_int(o, "pinned", s->pinned);
    return o;
}

static void add_collection(json_t *line, const struct jig_cache_collection *c)
{
    cli_json_set_bool(line, "dry_run", c->dry_run);
    cli_json_set(line, "archives", json_share(&c->archives));
    cli_json_set(line, "installed", json_share(&c->installed));
    cli_json_set(line, "objects", json_share(&c->objects));
    cli_json_set_int(line, "leftovers", c->leftovers);
}

static const char *finding_state(enum jig_cache_finding_state state)
{
    static const char *const words[] = {[JIG_CACHE_FINDING_DAMAGED] = "damaged",
                                        [JIG_CACHE_FINDING_REMOVED] = "removed",
                                        [JIG_CACHE_FINDING_IN_USE] = "in_use"};
    size_t i = (size_t)state;
    return i < sizeof words / sizeof words[0] && words[i] != NULL ? words[i] : "unknown";
}

static void add_verification(json_t *line, const struct jig_cache_verification *v)
{
    json_t *findings = json_array();
    for (size_t i = 0; i < v->finding_count; i++) {
        json_t *o = json_object();
        cli_json_set_text(o, "path", v->findings[i].path);
        cli_json_set_text(o, "problem", v->findings[i].problem);
        cli_json_set_text(o, "state", finding_state(v->findings[i].state));
        json_array_append_new(findings, o);
    }
    cli_json_set_int(line, "blobs", v->blobs);
    cli_json_set_int(line, "trees", v->trees);
    cli_json_set_int(line, "bytes", v->size_bytes);
    cli_json_set_int(line, "damaged", v->damaged);
    cli_json_set_int(line, "removed", v->removed);
    cli_json_set(line, "findings", findings);
}

void cli_json_add_cache(json_t *line, const char *operation, const struct jig_cache_result *r)
{
    cli_json_set_text(line, "operation", operation);
    if (r->collection != NULL)
        add_collection(line, r->collection);
    if (r->verification != NULL)
        add_verification(line, r->verification);
}

static void print_share(const char *name, const char *verb, const struct jig_cache_share *s)
{
    char removed[32], left[32];
    printf("%-9s  %" PRId64 " of %" PRId64 " %s, %s; %s left", name, s->removed, s->entries, verb,
           cli_size(s->removed_bytes, removed), cli_size(s->size_bytes - s->removed_bytes, left));
    if (s->in_use > 0)
        printf("; %" PRId64 " in use", s->in_use);
    if (s->pinned > 0)
        printf("; %" PRId64 " pinned", s->pinned);
    putchar('\n');
}

void cli_report_cache(struct cli_view *view, const struct jig_cache_result *r)
{
    if (view->cli->options.quiet)
        return;
    cli_view_erase(view);
    const struct jig_cache_collection *c = r->collection;
    const struct jig_cache_verification *v = r->verification;
    char size[32];
    if (c != NULL) {
        const char *verb = c->dry_run ? "would be removed" : "removed";
        print_share("archives", verb, &c->archives);
        print_share("installed", verb, &c->installed);
        print_share("objects", verb, &c->objects);
    }
    if (c != NULL && c->leftovers > 0)
        printf("unfinished %" PRId64 " %s\n", c->leftovers, c->dry_run ? "would go" : "gone");
    if (v != NULL)
        printf("%" PRId64 " blobs and %" PRId64 " folders of %s were read; %" PRId64
               " were damaged, %" PRId64 " of these are removed\n",
               v->blobs, v->trees, cli_size(v->size_bytes, size), v->damaged, v->removed);
    fflush(stdout);
}

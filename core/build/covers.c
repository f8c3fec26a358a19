#include "core/build/covers.h"

#include <string.h>

#define MOST_PAIRS 1000000 /* compared one by one; more are not worth it */

static bool is_same_path(const struct jig_trace_file *a, const struct jig_trace_file *b)
{
    return a->path == b->path || strcmp(a->path, b->path) == 0;
}

/* Both sorted by path. */
static bool has_inputs(const struct jig_trace *whole, const struct jig_trace *part)
{
    size_t at = 0;
    for (size_t i = 0; i < part->input_count; i++) {
        const struct jig_trace_file *f = &part->inputs[i];
        while (at < whole->input_count && !is_same_path(&whole->inputs[at], f) &&
               strcmp(whole->inputs[at].path, f->path) < 0)
            at++;
        if (at == whole->input_count || !is_same_path(&whole->inputs[at], f) ||
            !jig_digest_equal(&whole->inputs[at].sha256, &f->sha256))
            return false;
    }
    return true;
}

static bool has_searched(const struct jig_trace *whole, const struct jig_trace *part)
{
    if (part->searched_count * whole->searched_count > MOST_PAIRS)
        return false;
    for (size_t i = 0; i < part->searched_count; i++) {
        const struct jig_trace_file *f = &part->searched[i];
        size_t k = 0;
        while (k < whole->searched_count && !is_same_path(&whole->searched[k], f))
            k++;
        if (k == whole->searched_count || !jig_digest_equal(&whole->searched[k].sha256, &f->sha256))
            return false;
    }
    return true;
}

static bool has_probes(const struct jig_trace *whole, const struct jig_trace *part)
{
    if (part->probes.n * whole->probes.n > MOST_PAIRS)
        return false;
    for (size_t i = 0; i < part->probes.n; i++) {
        size_t k = 0;
        while (k < whole->probes.n && strcmp(whole->probes.v[k], part->probes.v[i]) != 0)
            k++;
        if (k == whole->probes.n || strcmp(whole->probed.v[k], part->probed.v[i]) != 0)
            return false;
    }
    return true;
}

bool jig_trace_covers(const struct jig_trace *whole, const struct jig_trace *part)
{
    return !whole->opaque && !part->opaque && has_inputs(whole, part) &&
           has_searched(whole, part) && has_probes(whole, part);
}

/*
 * discover_impl.h - what the files of library discovery share. Private to them: discover.c
 * searches, discover_runs.c makes the runs, discover_again.c goes by what the last look found.
 *
 * Threads: as the plan.
 */
#ifndef JIG_BUILD_DISCOVER_IMPL_H
#define JIG_BUILD_DISCOVER_IMPL_H

#include "core/base/map.h"
#include "core/build/plan.h"

/* What the include path was in the end, among what sources led to; no source is called so. */
#define JIG_ALL_FOLDERS "#folders"

/* One source whose includes are looked at. */
struct jig_discovery_source {
    char *source;
    const struct jig_library *lib; /* that it belongs to; or NULL */
    size_t own;               /* index into own_sources plus 1; 0 for what is compiled otherwise */
    struct jig_action *trial; /* leads to nothing new if this, which was begun, goes well */
};

struct jig_discovery {
    struct jig_plan *plan;
    struct jig_discovery_source *queue;
    size_t n;
    size_t cap;
    struct jig_map queued; /* the sources in it */
    size_t ahead;          /* the first whose preprocessor was not begun early */
    size_t tried;          /* the first whose trial was not begun */
    size_t streak;         /* how many of the last ones had to be preprocessed */
};

/* The runs over one source of the project, with the include path that is there now. */
struct jig_discovery_runs {
    struct jig_action *preprocess;
    struct jig_action *compile;
    bool alike; /* they see the same text */
};

/* discover_runs.c: where a preprocessor run over a source leaves something. The caller frees. */
char *jig_discovery_scratch(const struct jig_plan *p, const char *source, const char *extension);
/* The run over a source that says which headers it wants. Over the merged tabs it keeps the text;
 * `all`: that is wanted with all libraries. */
enum jig_code jig_discovery_preprocess(struct jig_plan *p, const struct jig_discovery_source *w,
                                       bool all, struct jig_action **ret,
                                       struct jig_err *reterr) JIG_CHECKED;
bool jig_discovery_is_cxx(const char *source);
/* False when one of the two cannot be made; the caller releases in any case. */
bool jig_discovery_make_runs(struct jig_plan *p, const struct jig_discovery_source *w,
                             struct jig_discovery_runs *ret);
void jig_discovery_runs_release(struct jig_discovery_runs *r);

/* discover.c: one remembered line: the header is still missing, and still means that library. */
enum jig_code jig_discovery_recall_line(struct jig_discovery *d,
                                        const struct jig_discovery_source *w, const char *line,
                                        bool *ret_holds, struct jig_err *reterr) JIG_CHECKED;

/* discover_again.c: the include path as it is now. The caller frees. */
char *jig_discovery_folders(const struct jig_plan *p);
/* *ret_known says whether the source leads to what it led to then. */
enum jig_code jig_discovery_look_again(struct jig_discovery *d, size_t index, bool *ret_known,
                                       struct jig_err *reterr) JIG_CHECKED;
/* Whether all trials that were begun go well, or need not run. */
bool jig_discovery_trials_go_well(struct jig_discovery *d);

#endif

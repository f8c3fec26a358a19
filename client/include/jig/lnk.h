/*
 * jig/lnk.h - resource pointers: .lnk files that stand for bytes which are kept elsewhere. Results
 * are released with jig_client_free(); what became of each pointer is in the operation's `lnk`,
 * also when the operation failed.
 */
#ifndef JIG_LNK_H
#define JIG_LNK_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct jig_lnk_options {
    uint32_t jobs;   /* pull: pointers at once; 0: the daemon's own choice */
    bool deep;       /* check: read and hash all that is there */
    bool news_only;  /* only count pointers that were in their places already */
    bool detach;     /* the operation lives on when this process ends */
    int64_t wait_ms; /* how long the call waits for the end; at most 60000 */
};

/* Starts getting what a project's pointers stand for and putting it in its place. Of the selector,
 * only the folder and the build folder count. */
enum jig_status jig_client_start_pull(struct jig_client *client,
                                      const struct jig_project_selector *selector,
                                      const struct jig_lnk_options *options, int64_t deadline_ns,
                                      const struct jig_operation **ret, struct jig_error *reterr);

/* Starts looking how they stand, without a network and changing nothing. */
enum jig_status jig_client_start_check(struct jig_client *client,
                                       const struct jig_project_selector *selector,
                                       const struct jig_lnk_options *options, int64_t deadline_ns,
                                       const struct jig_operation **ret, struct jig_error *reterr);

/* Starts downloading `url` once and writing a pointer to it at `path` (absolute, "....lnk").
 * `extract` is "zip", "tar.gz" and the like when an archive's content is meant; NULL is
 * what a pointer that is there says, else "file". */
enum jig_status jig_client_start_add(struct jig_client *client, const char *url, const char *path,
                                     const char *extract, const struct jig_lnk_options *options,
                                     int64_t deadline_ns, const struct jig_operation **ret,
                                     struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif

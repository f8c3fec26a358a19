/*
 * jig/cache.h - the daemon's disk cache. Results are released with jig_client_free().
 */
#ifndef JIG_CACHE_H
#define JIG_CACHE_H

#include <jig/client.h>
#include <jig/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct jig_cache_kind_figures {
    const char *kind; /* "packages", "toolchains", ... */
    int64_t archives; /* blobs */
    int64_t archives_bytes;
    int64_t installed; /* folders; of "objects", files */
    int64_t installed_bytes;
};

struct jig_cache_figures {
    const char *directory;
    const char *second_directory; /* what is read below it; "": none */
    const struct jig_cache_kind_figures *kinds;
    size_t kind_count;
    int64_t archives_high_bytes; /* past this, what was used longest ago goes ... */
    int64_t archives_low_bytes;  /* ... until it is this */
    int64_t installed_high_bytes;
    int64_t installed_low_bytes;
    int64_t objects_high_bytes;
    int64_t objects_low_bytes;
    int64_t total_bytes;
    int64_t unfinished_bytes;
    int64_t leased_entries; /* in use right now */
    int64_t leased_bytes;
    int64_t holders; /* operations that use something */
    struct jig_strings pins;
    int64_t disk_bytes;
    int64_t disk_free_bytes;
    const char *remote_url;  /* a cache on another machine; "": none. Since the daemon started: */
    bool remote_read_only;   /* nothing is sent to it */
    bool remote_left_alone;  /* it has failed, and is not asked for a while */
    int64_t remote_hits;     /* requests that it had an answer to */
    int64_t remote_misses;   /* requests for what it does not have */
    int64_t remote_failures; /* how often it was gone, too slow or wrong */
    int64_t remote_sent;     /* what it was sent, or has already */
};

enum jig_status jig_client_get_cache_stats(struct jig_client *client, int64_t deadline_ns,
                                           const struct jig_cache_figures **ret,
                                           struct jig_error *reterr);

struct jig_collection_options {
    bool all;        /* all that nobody uses and that is not pinned, whatever the budgets are */
    bool dry_run;    /* only count */
    bool detach;     /* the operation lives on when this process ends */
    int64_t wait_ms; /* how long the call waits for the end; at most 60000 */
};

/* `options` may be NULL. The result is in the operation's `cache`. */
enum jig_status jig_client_start_collection(struct jig_client *client,
                                            const struct jig_collection_options *options,
                                            int64_t deadline_ns, const struct jig_operation **ret,
                                            struct jig_error *reterr);

struct jig_verification_options {
    bool repair; /* remove what is damaged and not in use */
    bool detach;
    int64_t wait_ms;
};

/* Reads everything. The operation fails as DATA_LOSS when something damaged is left. */
enum jig_status jig_client_start_verification(struct jig_client *client,
                                              const struct jig_verification_options *options,
                                              int64_t deadline_ns, const struct jig_operation **ret,
                                              struct jig_error *reterr);

/* A pinned entry stays, whatever the budgets say. `entry` is a blob's SHA-256 in hexadecimal
 * digits, or KIND/NAME/VERSION of what is installed. */
enum jig_status jig_client_set_pin(struct jig_client *client, const char *entry, bool pinned,
                                   int64_t deadline_ns, struct jig_error *reterr);

#ifdef __cplusplus
}
#endif

#endif

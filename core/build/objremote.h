/*
 * objremote.h - shared objects of other machines: what the object cache (objcache.h) asks for when
 * it does not have an action's outputs, and what it offers when it has new ones.
 *
 * core/build knows no network: who has one fills in a struct jig_objremote. What is kept under a
 * key is a file of traces (trace.h), of one command, newest first; outputs are kept by their hash.
 *
 * A key is a digest over the command: argv, output paths below the build folder, and the content of
 * the tools. Paths of sources and tools are in it as they are, since they are in what the compiler
 * makes of them (debug information, __FILE__). So machines share what they have at the same paths:
 * the system's packages, a folder like /var/cache/jig, or the same home folder; never anything
 * else. Only compilations are shared in this way, and only those that read nothing of the build
 * folder. The words of a command are not sent: who asks has them, and there may be a secret in one.
 *
 * What comes from there is not believed: the trace takes its name, command, tool, argv and output
 * paths from the action that asks; the action's own inputs must be among the trace's, its key must
 * be the one of its inputs, every input must be as it is here, and outputs are hashed. But a remote
 * that leaves out an input, or has another program's object under the hash that it gives, cannot be
 * found out: who may write to it is trusted.
 *
 * Threads: any number of builds call at once.
 */
#ifndef JIG_BUILD_OBJREMOTE_H
#define JIG_BUILD_OBJREMOTE_H

#include "core/base/buf.h"
#include "core/build/trace.h"
#include "core/os/cancel.h"

#define JIG_OBJREMOTE_TRACES_MAX 8           /* under one key */
#define JIG_OBJREMOTE_BYTES_MAX  (1u << 20)  /* of the traces under one key */
#define JIG_OBJREMOTE_OBJECT_MAX (16u << 20) /* bytes of one output; larger ones are not shared */
#define JIG_OBJREMOTE_WAIT_MS    2000        /* that an action waits for it, in all */

struct jig_objremote_output {
    struct jig_digest sha256;
    const char *path; /* absolute: where it is; it may go or be another one at any time */
};

struct jig_objremote_offer {
    struct jig_digest key;
    const void *traces; /* a file of one trace, without its argv */
    size_t size;
    const struct jig_objremote_output *outputs;
    size_t output_count;
};

struct jig_objremote {
    void *ctx;
    /* Appends the file of traces under the key. NOT_FOUND when there is none. */
    enum jig_code (*look)(void *ctx, const struct jig_digest *key, struct jig_buf *out,
                          const struct jig_until *until, struct jig_err *reterr);
    /* Puts the output at the path, mode 0444, complete and of just this content, or not at all. */
    enum jig_code (*bring)(void *ctx, const struct jig_digest *sha256, const char *path,
                           const struct jig_until *until, struct jig_err *reterr);
    /* What it gave makes no sense: it may want to be left alone. */
    void (*blame)(void *ctx, const struct jig_err *why);
    /* Something new. Copies what it wants to keep, and does not block. */
    void (*offer)(void *ctx, const struct jig_objremote_offer *offer);
};

struct jig_digest jig_objremote_key(const struct jig_digest *command);

/* Whether it is asked about an action at all, and offered what it left: a compilation that does not
 * make something else on another processor (-march=native). */
bool jig_objremote_shares(const struct jig_action *a);

/* Whether a trace is of use elsewhere. */
bool jig_objremote_is_portable(const struct jig_trace *t);

/* What a trace has to be of. */
struct jig_objremote_wanted {
    const struct jig_action *action;
    const struct jig_digest *command;
    const struct jig_digest *tool;
    const char *build_dir;
};

/* The traces under the action's key that may be its own; each is the caller's. */
size_t jig_objremote_look(const struct jig_objremote *r, const struct jig_objremote_wanted *wanted,
                          const struct jig_until *until,
                          struct jig_trace *out[JIG_OBJREMOTE_TRACES_MAX]);

/* One file of traces from two, for who writes under a key: all of `fresh`, and of `old` (which may
 * be damaged, or NULL) what is of other inputs, as far as it fits. `keep` says whether the outputs
 * of an old trace are still to be had; NULL: all are. */
enum jig_code jig_objremote_merge(const void *fresh, size_t fresh_size, const void *old,
                                  size_t old_size,
                                  bool (*keep)(void *ctx, const struct jig_digest *output),
                                  void *ctx, struct jig_buf *out,
                                  struct jig_err *reterr) JIG_CHECKED;

/* Calls `each` for every output of a file of traces; one that cannot be read has none. */
void jig_objremote_outputs(const void *traces, size_t size,
                           void (*each)(void *ctx, const struct jig_digest *output), void *ctx);

#endif

/*
 * owner.h - tells when a process is gone that something was tied to.
 *
 * One thread waits for the pidfds of all of them; it is started with the first.
 *
 * Threads: any function from any thread, except new and free. `gone` runs in the watcher's thread,
 * under its lock: it must not block and must not call back here. After jig_owner_forget has
 * returned it does not run any more.
 */
#ifndef JIG_SERVICE_RUN_OWNER_H
#define JIG_SERVICE_RUN_OWNER_H

#include <sys/types.h>

#include "core/base/err.h"

struct jig_owners;
struct jig_owner;

enum jig_code jig_owners_new(struct jig_owners **ret, struct jig_err *reterr) JIG_CHECKED;
void jig_owners_free(struct jig_owners *owners); /* all are forgotten by then; NULL is fine */

/* Calls gone(ctx) once, when the process ends. NOT_FOUND when there is none; PERMISSION_DENIED when
 * it is not uid's. */
enum jig_code jig_owner_watch(struct jig_owners *owners, pid_t pid, uid_t uid,
                              void (*gone)(void *ctx), void *ctx, struct jig_owner **ret,
                              struct jig_err *reterr) JIG_CHECKED;
void jig_owner_forget(struct jig_owners *owners, struct jig_owner *owner); /* NULL is fine */

#endif

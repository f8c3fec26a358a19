/*
 * env_source.h - environment variables as a request brings them.
 *
 * `get` answers for a name: *ret_known tells whether the request settled it (sent a value, or said
 * that it is unset); NULL with *ret_known true is an unset variable. The string stays valid as long
 * as the source does. Nothing in core/config reads the daemon's own environment.
 */
#ifndef JIG_CONFIG_ENV_SOURCE_H
#define JIG_CONFIG_ENV_SOURCE_H

#include <stdbool.h>

struct jig_env_source {
    const char *(*get)(void *ctx, const char *name, bool *ret_known);
    void *ctx;
};

#endif

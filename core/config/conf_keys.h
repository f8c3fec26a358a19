/*
 * conf_keys.h - the keys of jigd.conf, as data. Private to core/config; conf.h is the manual.
 */
#ifndef JIG_CONFIG_CONF_KEYS_H
#define JIG_CONFIG_CONF_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"

enum jig_conf_kind {
    JIG_CONF_NUMBER,
    JIG_CONF_BYTES, /* "16 MiB" */
    JIG_CONF_SIZE,  /* "15 GiB", of what lies on disks: a uint64_t, from 1 MiB to 1 EiB */
    JIG_CONF_BOOL,
    JIG_CONF_TEXT,
    JIG_CONF_PATH, /* "~/" and relative ones are made absolute */
    JIG_CONF_TEXTS,
    JIG_CONF_PATHS,
    JIG_CONF_LEVEL,
    JIG_CONF_LISTEN, /* 127.0.0.1:PORT */
    JIG_CONF_TRUST,  /* session, verify, none */
};

struct jig_conf_key {
    const char *section; /* "daemon", "build", "fetch", "cache", "device", "emulated" */
    const char *name;
    enum jig_conf_kind kind;
    size_t offset; /* in struct jig_conf, jig_conf_device or jig_conf_emulated */
    uint32_t least;
    uint32_t most;
};

extern const struct jig_conf_key jig_conf_keys[];
extern const size_t jig_conf_key_count;

bool jig_conf_key_is_list(const struct jig_conf_key *key);

/* Puts the value into the record; a list is emptied first unless `more`. Relative paths are taken
 * from `dir`. */
enum jig_code jig_conf_key_set(const struct jig_conf_key *key, void *record, const char *value,
                               bool more, const char *dir, struct jig_err *reterr) JIG_CHECKED;

#endif

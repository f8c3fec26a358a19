/*
 * conf.h - jigd.conf: how this machine's daemon is set up.
 *
 *   [daemon]          idle_exit_s, listen_tcp, max_message_bytes, log_level, operations, jobs,
 *                     trust
 *   [build]           overlays, hardware, libraries, check_answers
 *   [fetch]           proxy, no_proxy, ca_file, netrc, tokens, allow_file, connect_s, stall_s,
 *                     rounds, host_at_once, at_once, archive_entries, archive_mib, archive_ratio,
 *                     archive_refuse_twins
 *   [cache]           second, archives, archives_low, installed, installed_low,
 *                     objects, remote, remote_readonly
 *   [packages]        indexes, indexes_only, install
 *   [device NAME]     port or id, labels, fqbn, baud, trust
 *   [emulated NAME]   board, enabled, flash, trust
 *
 * Lists are separated by commas, or are given by repeating the key. An unknown section or key is an
 * error with the nearest known name: a daemon must not run on a misspelt configuration. The user's
 * file is read after the system's; what it sets wins, key by key.
 *
 * Threads: read-only once loaded.
 */
#ifndef JIG_CONFIG_CONF_H
#define JIG_CONFIG_CONF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/err.h"
#include "core/base/log.h"
#include "core/base/strv.h"

/* How far a deploy believes what the daemon knows of a device's flash. The numbers are those of
 * jig.v1.TrustMode. */
enum jig_trust_mode {
    JIG_TRUST_UNSAID = 0,
    JIG_TRUST_SESSION = 1, /* it is believed */
    JIG_TRUST_VERIFY = 2,  /* the device is asked */
    JIG_TRUST_NONE = 3,    /* it is written, whatever is known */
};

/* A fixed port, one that enumeration does not find or that deserves a name; or a board, wherever it
 * is plugged in. */
struct jig_conf_device {
    char *name;             /* of the section: [device NAME] */
    char *port;             /* absolute path; NULL with an id, and only then */
    char *id;               /* "usb:2341:0043:8573"; NULL with a port */
    struct jig_strv labels; /* as written */
    char *fqbn;             /* NULL: not said */
    uint32_t baud;          /* of the monitor; 0: not said */
    enum jig_trust_mode trust;
};

struct jig_conf_emulated {
    char *name;  /* of the section: [emulated NAME] */
    char *board; /* "uno" */
    bool enabled;
    char *flash; /* absolute path of the file that keeps the flash; NULL: jigd chooses */
    enum jig_trust_mode trust;
};

/* How things are downloaded and taken apart; core/fetch/fetch.h and archive.h say what each means.
 * 0 and NULL: their defaults. */
struct jig_conf_fetch {
    char *proxy;
    char *no_proxy;
    char *ca_file; /* absolute, as are the next two */
    char *netrc;   /* NULL: ~/.netrc */
    char *tokens;
    bool allow_file;
    uint32_t connect_s;
    uint32_t stall_s;
    uint32_t rounds;
    uint32_t host_at_once;
    uint32_t at_once;
    uint32_t archive_entries;
    uint32_t archive_mib;
    uint32_t archive_ratio;
    bool archive_refuse_twins;
};

struct jig_conf {
    uint32_t idle_exit_s;       /* 0: never leaves; default 1800 */
    char *listen_tcp;           /* "127.0.0.1:PORT"; NULL: no TCP */
    uint32_t max_message_bytes; /* default 16 MiB; 4 KiB to 256 MiB */
    enum jig_log_level log_level;
    uint32_t operations; /* workers that run operations; default 4; 1 to 256 */
    uint32_t jobs;       /* compilers at once in one build; 0: one a processor */
    bool check_answers;  /* compare each answer that no build was needed for with a full walk */
    enum jig_trust_mode trust; /* of devices that say nothing; default JIG_TRUST_VERIFY */
    char *overlays;            /* folder of overlays besides the built-in ones; NULL */
    struct jig_strv hardware;  /* platform folders, absolute */
    struct jig_strv libraries; /* library folders, absolute */
    struct jig_conf_fetch fetch;
    char *cache_second; /* folder of a cache that is only read; default /var/cache/jig */
    /* Budgets of the cache in bytes; 0: not said. */
    uint64_t cache_archives;
    uint64_t cache_archives_low;
    uint64_t cache_installed;
    uint64_t cache_installed_low;
    uint64_t cache_objects;
    char *cache_remote;         /* URL of a remote cache; NULL: none */
    bool cache_remote_readonly; /* nothing is sent to it */
    struct jig_strv indexes;    /* URLs of package and library indexes */
    bool indexes_only;          /* and none beside them: not Arduino's own */
    bool install_packages;      /* builds install what they miss */
    struct jig_conf_device *devices;
    size_t n_devices;
    struct jig_conf_emulated *emulated;
    size_t n_emulated;
};

/* The defaults. Release with jig_conf_release. */
void jig_conf_init(struct jig_conf *c);
void jig_conf_release(struct jig_conf *c);

/* Reads one file over what c holds. NOT_FOUND when it is not there; INVALID_ARGUMENT with file and
 * line for anything wrong in it, and c may then hold a part of it. */
enum jig_code jig_conf_read(struct jig_conf *c, const char *path,
                            struct jig_err *reterr) JIG_CHECKED;

/* As jig_conf_read, of a text that ends in a NUL behind its n bytes. `file` is what messages call
 * it, and its folder is where relative paths start. */
enum jig_code jig_conf_parse(struct jig_conf *c, const char *file, const char *text, size_t n,
                             struct jig_err *reterr) JIG_CHECKED;

/* The defaults, then /etc/jig/jigd.conf, then jigd.conf in `config_dir` (jig_dirs_config()); a file
 * that is missing is passed over. With `only` not NULL that file alone, which must exist. On
 * failure nothing is to be released. */
enum jig_code jig_conf_load(struct jig_conf *c, const char *config_dir, const char *only,
                            struct jig_err *reterr) JIG_CHECKED;

#endif

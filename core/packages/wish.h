/*
 * wish.h - a package as people ask for it.
 *
 *   platform   arduino:avr             arduino:avr@1.8.6          arduino:avr@^1.8
 *   library    Servo                   Servo@1.2.1                Servo @ ^1.2
 *              arduino-libraries/Servo@^1.2 (PlatformIO's owner says nothing here)
 *              https://host/servo-1.2.zip#sha256=HEX              an archive
 *              https://host/servo.git#v1.2                        git, at a tag, branch or commit
 *              git+ssh://..., ssh://..., git@host:servo.git, https://github.com/owner/servo
 *              NAME=URL and NAME@URL name what a URL leads to
 *
 * What the name of an archive or a repository is, its URL says where nobody else does.
 *
 * Source: docs.platformio.org, "lib_deps"; arduino-cli's "lib install" and "core install".
 * Threads: no state; any thread.
 */
#ifndef JIG_PACKAGES_WISH_H
#define JIG_PACKAGES_WISH_H

#include <stdbool.h>

#include "core/base/err.h"
#include "core/hash/sha256.h"
#include "core/packages/range.h"

enum jig_package_kind {
    JIG_PACKAGE_PLATFORM = 1,
    JIG_PACKAGE_TOOL = 2,
    JIG_PACKAGE_LIBRARY = 3,
};

const char *jig_package_kind_name(enum jig_package_kind kind); /* "platform" */
bool jig_package_kind_parse(const char *name, enum jig_package_kind *ret);

enum jig_wish_from {
    JIG_WISH_INDEX,
    JIG_WISH_ARCHIVE,
    JIG_WISH_GIT,
};

struct jig_wish {
    enum jig_package_kind kind;
    enum jig_wish_from from;
    char *text;   /* as written */
    char *vendor; /* of a platform; else "" */
    char *name;   /* a platform's architecture, a library's name */
    struct jig_range *range;
    char *url; /* without what follows '#'; NULL from an index */
    char *ref; /* git's; "" is the default branch */
    bool has_sha256;
    struct jig_digest sha256;
};

/* INVALID_ARGUMENT (USAGE) shows the text and says what is wrong with it. Release on success. */
enum jig_code jig_wish_platform(const char *text, struct jig_wish *ret,
                                struct jig_err *reterr) JIG_CHECKED;
enum jig_code jig_wish_library(const char *text, struct jig_wish *ret,
                               struct jig_err *reterr) JIG_CHECKED;
void jig_wish_release(struct jig_wish *w);

#endif

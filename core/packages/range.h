/*
 * range.h - which versions will do: "^1.2", ">=1.0 && <2.0", "1.8.*", "~1.4 || 2.0.0-rc1".
 *
 *   any     := all { "||" all }
 *   all     := one { ["&&" | ","] one }
 *   one     := "!" one | "(" any ")" | "*" | "latest" | [ "=" | "==" | ">" | ">=" | "<" | "<=" |
 *              "^" | "~" | "~>" ] VERSION
 *
 * A bare version is that very one (1.8 is 1.8.0); its last parts may be "*" or "x". "^1.2" keeps
 * what is left of, and including, the first part that is not 0; "~1.2.3" keeps major and minor,
 * "~1" the major. This is what library.properties (relaxed semver) and platformio.ini both write.
 *
 * Versions are compared as core/arduino/version.h says. A pre-release is taken when a range names
 * one, or when there is nothing else (jig_range_better).
 *
 * Ceilings: 512 bytes, 64 versions, 16 parentheses.
 *
 * Source: github.com/arduino/go-relaxed-semver (README); docs.platformio.org, "lib_deps".
 * Threads: read-only once parsed.
 */
#ifndef JIG_PACKAGES_RANGE_H
#define JIG_PACKAGES_RANGE_H

#include <stdbool.h>

#include "core/base/err.h"

struct jig_range;

/* "" and NULL are any version. INVALID_ARGUMENT shows the text. Free with jig_range_free. */
enum jig_code jig_range_parse(const char *text, struct jig_range **ret,
                              struct jig_err *reterr) JIG_CHECKED;
void jig_range_free(struct jig_range *r);
void jig_cleanup_range(struct jig_range **r);

const char *jig_range_text(const struct jig_range *r); /* as written; "any version" for none */
bool jig_range_matches(const struct jig_range *r, const char *version);

/* Both match: is `a` to be preferred to `b`, which may be NULL? The newer one is, but a pre-release
 * only over another one, or where the range names some. */
bool jig_range_better(const struct jig_range *r, const char *a, const char *b);

#endif

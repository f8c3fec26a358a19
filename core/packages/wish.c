#include "core/packages/wish.h"

#include <ctype.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/names.h"

static const char *const kinds[] = {
    [JIG_PACKAGE_PLATFORM] = "platform",
    [JIG_PACKAGE_TOOL] = "tool",
    [JIG_PACKAGE_LIBRARY] = "library",
};

const char *jig_package_kind_name(enum jig_package_kind kind)
{
    return kinds[kind];
}

bool jig_package_kind_parse(const char *name, enum jig_package_kind *ret)
{
    for (size_t i = JIG_PACKAGE_PLATFORM; i < JIG_COUNT(kinds); i++) {
        if (strcmp(kinds[i], name) != 0)
            continue;
        *ret = (enum jig_package_kind)i;
        return true;
    }
    return false;
}

static enum jig_code wrong(const char *text, const char *why, struct jig_err *reterr)
{
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE, "'%s' %s", text, why);
}

void jig_wish_release(struct jig_wish *w)
{
    free(w->text);
    free(w->vendor);
    free(w->name);
    jig_range_free(w->range);
    free(w->url);
    free(w->ref);
    *w = (struct jig_wish){0};
}

/* "NAME @ RANGE": cuts `copy` at the '@' and reads what follows it. */
static enum jig_code take_range(char *copy, struct jig_wish *w, struct jig_err *reterr)
{
    char *at = strchr(copy, '@');
    if (at != NULL)
        *at = '\0';
    enum jig_code code = jig_range_parse(at != NULL ? at + 1 : "", &w->range, reterr);
    if (code == JIG_OK)
        return JIG_OK;
    if (reterr != NULL)
        reterr->reason = JIG_REASON_USAGE;
    jig_err_prefix(reterr, "'%s'", w->text);
    return code;
}

enum jig_code jig_wish_platform(const char *text, struct jig_wish *ret, struct jig_err *reterr)
{
    struct jig_wish w = {.kind = JIG_PACKAGE_PLATFORM, .text = jig_xstrdup(text)};
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(text);
    enum jig_code code = take_range(copy, &w, reterr);
    char *colon = strchr(copy, ':');
    if (code == JIG_OK && colon != NULL) {
        *colon = '\0';
        w.vendor = jig_xstrdup(jig_str_trim(copy));
        w.name = jig_xstrdup(jig_str_trim(colon + 1));
    }
    if (code == JIG_OK &&
        (colon == NULL || !jig_package_name_ok(w.vendor) || !jig_package_name_ok(w.name))) {
        code = wrong(text, "names no core", reterr);
        jig_err_hint(reterr, "a core is VENDOR:ARCH or VENDOR:ARCH@VERSION, for example "
                             "arduino:avr@1.8.6");
    }
    if (code == JIG_OK)
        *ret = w;
    else
        jig_wish_release(&w);
    return code;
}

/* ---- URLs ---- */

static bool is_url(const char *s)
{
    static const char *const schemes[] = {"http://", "https://", "git+",   "git://",
                                          "ssh://",  "git@",     "file://"};
    for (size_t i = 0; i < JIG_COUNT(schemes); i++) {
        if (jig_str_starts(s, schemes[i]))
            return true;
    }
    return false;
}

static bool is_archive(const char *url)
{
    static const char *const ends[] = {".zip",     ".tar.gz", ".tgz",
                                       ".tar.bz2", ".tar.xz", ".tar.zst"};
    for (size_t i = 0; i < JIG_COUNT(ends); i++) {
        if (jig_str_ends(url, ends[i]))
            return true;
    }
    return false;
}

/* "git+" in front, ".git" at the end, a scheme of git's, or a page of a forge: PlatformIO's rule.
 */
static bool is_git(const char *url)
{
    static const char *const starts[] = {"git+", "git://", "git@", "ssh://"};
    static const char *const forges[] = {"https://github.com/", "https://gitlab.com/",
                                         "https://bitbucket.org/", "https://codeberg.org/"};
    for (size_t i = 0; i < JIG_COUNT(starts); i++) {
        if (jig_str_starts(url, starts[i]))
            return true;
    }
    for (size_t i = 0; i < JIG_COUNT(forges); i++) {
        if (jig_str_starts(url, forges[i]) && !is_archive(url))
            return true;
    }
    return jig_str_ends(url, ".git");
}

/* The last word of a URL's path, without what says that it is an archive or a repository, with
 * '_' for what a folder's name may not have. */
static char *name_of_url(const char *url)
{
    static const char *const ends[] = {".git",     ".zip",    ".tar.gz", ".tgz",
                                       ".tar.bz2", ".tar.xz", ".tar.zst"};
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(url);
    for (size_t n = strlen(copy); n > 0 && copy[n - 1] == '/'; n--)
        copy[n - 1] = '\0';
    char *name = copy;
    for (char *c = copy; *c != '\0'; c++) {
        if (*c == '/' || *c == ':')
            name = c + 1;
    }
    for (size_t i = 0; i < JIG_COUNT(ends); i++) {
        if (jig_str_ends(name, ends[i])) {
            name[strlen(name) - strlen(ends[i])] = '\0';
            break;
        }
    }
    for (char *c = name; *c != '\0'; c++) {
        if (!isalnum((unsigned char)*c) && strchr("._+-", *c) == NULL)
            *c = '_';
    }
    return jig_xstrdup(name);
}

/* To ssh a user's name is no secret; to https it may be a token. */
static bool has_credentials(const char *url)
{
    const char *host = strstr(url, "://");
    if (host == NULL)
        return false;
    host += strlen("://");
    const char *at = memchr(host, '@', strcspn(host, "/?#"));
    bool is_web = jig_str_starts(url, "http");
    return at != NULL && (is_web || memchr(host, ':', (size_t)(at - host)) != NULL);
}

/* What git takes for a ref's name: git-check-ref-format(1). */
static bool is_ref(const char *s)
{
    for (const char *c = s; *c != '\0'; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f || strchr("~^:?*[\\", *c) != NULL)
            return false;
    }
    return s[0] != '-' && s[0] != '+' && strstr(s, "..") == NULL && strstr(s, "@{") == NULL;
}

/* What follows '#': a hash for an archive, a tag, branch or commit for git. */
static enum jig_code take_fragment(struct jig_wish *w, const char *fragment, struct jig_err *reterr)
{
    static const char hash[] = "sha256=";
    if (w->from == JIG_WISH_GIT) {
        if (!is_ref(fragment))
            return wrong(w->text, "asks git for something that is no tag, branch or commit",
                         reterr);
        free(w->ref);
        w->ref = jig_xstrdup(fragment);
        return JIG_OK;
    }
    if (!jig_str_starts(fragment, hash) || !jig_digest_parse(fragment + strlen(hash), &w->sha256))
        return wrong(w->text, "is to end in '#sha256=' and 64 hexadecimal digits", reterr);
    w->has_sha256 = true;
    return JIG_OK;
}

static enum jig_code read_url(struct jig_wish *w, const char *url, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(url);
    char *fragment = strchr(copy, '#');
    if (fragment != NULL)
        *fragment++ = '\0';
    w->from = is_git(copy) ? JIG_WISH_GIT : JIG_WISH_ARCHIVE;
    w->url = jig_xstrdup(jig_str_starts(copy, "git+") ? copy + strlen("git+") : copy);
    if (!is_url(w->url) || jig_str_starts(w->url, "git+"))
        return wrong(w->text, "is to name where the repository is with https://, ssh:// or git@",
                     reterr);
    w->ref = jig_xstrdup("");
    if (has_credentials(w->url)) {
        enum jig_code code = wrong(w->name != NULL ? w->name : "a library's URL",
                                   "has a user name or a password in its URL, which jig does not "
                                   "take",
                                   reterr);
        jig_err_hint(reterr, "put it into ~/.netrc, for that host");
        return code;
    }
    if (w->from == JIG_WISH_ARCHIVE && !is_archive(w->url))
        return wrong(w->text,
                     "leads neither to an archive (.zip, .tar.gz, .tar.bz2, .tar.xz, "
                     ".tar.zst) nor to a git repository",
                     reterr);
    if (w->name == NULL)
        w->name = name_of_url(w->url);
    if (!jig_package_name_ok(w->name))
        return wrong(w->text, "does not say how the library is called; write NAME=URL", reterr);
    return fragment != NULL ? take_fragment(w, fragment, reterr) : JIG_OK;
}

/* "NAME=URL" and "NAME@URL": where the URL begins, behind a name. NULL when there is none. */
static char *url_behind_name(char *copy)
{
    char *sign = strpbrk(copy, "=@");
    if (sign == NULL)
        return NULL;
    char *url = sign + 1;
    while (isspace((unsigned char)*url))
        url++;
    if (!is_url(url))
        return NULL;
    *sign = '\0';
    return url;
}

/* PlatformIO's owner/NAME: the owner says nothing here. */
static const char *without_owner(char *name)
{
    char *trimmed = jig_str_trim(name);
    char *slash = strchr(trimmed, '/');
    if (slash == NULL)
        return trimmed;
    *slash = '\0';
    return jig_package_name_ok(trimmed) ? jig_str_trim(slash + 1) : "";
}

static enum jig_code read_library(struct jig_wish *w, char *copy, struct jig_err *reterr)
{
    char *trimmed = jig_str_trim(copy);
    char *url = is_url(trimmed) ? trimmed : url_behind_name(trimmed);
    if (url != NULL) {
        if (url != trimmed)
            w->name = jig_xstrdup(without_owner(trimmed));
        enum jig_code code = jig_range_parse("", &w->range, reterr);
        return code == JIG_OK ? read_url(w, url, reterr) : code;
    }
    enum jig_code code = take_range(trimmed, w, reterr);
    if (code != JIG_OK)
        return code;
    w->name = jig_xstrdup(without_owner(trimmed));
    if (!jig_package_name_ok(w->name))
        return wrong(w->text, "names no library", reterr);
    return JIG_OK;
}

enum jig_code jig_wish_library(const char *text, struct jig_wish *ret, struct jig_err *reterr)
{
    struct jig_wish w = {.kind = JIG_PACKAGE_LIBRARY,
                         .from = JIG_WISH_INDEX,
                         .text = jig_xstrdup(text),
                         .vendor = jig_xstrdup("")};
    JIG_CLEANUP_FREE char *copy = jig_xstrdup(text);
    enum jig_code code = read_library(&w, copy, reterr);
    if (code == JIG_OK)
        *ret = w;
    else
        jig_wish_release(&w);
    return code;
}

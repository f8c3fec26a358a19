#include "core/fetch/archive_name.h"

#include <string.h>
#include <wchar.h>
#include <wctype.h>

#include "core/base/mem.h"

static enum jig_code bad(struct jig_err *reterr, const char *name, const char *what)
{
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "'%.*s' %s", 256, name, what);
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* Backslashes are no separators here, but on the machine that made the archive they may have been.
 */
static bool goes_up(const char *name)
{
    for (const char *part = name; *part != '\0';) {
        size_t n = strcspn(part, "/\\");
        if (n == 2 && part[0] == '.' && part[1] == '.')
            return true;
        part += n + (part[n] != '\0');
    }
    return false;
}

static bool has_control(const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p != '\0'; p++) {
        if (*p < 0x20 || *p == 0x7f)
            return true;
    }
    return false;
}

static enum jig_code judge(const char *raw, struct jig_err *reterr)
{
    if (raw[0] == '\0')
        return bad(reterr, raw, "is no name");
    if (strlen(raw) >= JIG_ARCHIVE_NAME_MAX)
        return bad(reterr, raw, "is too long a name");
    if (has_control(raw))
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "a name has control characters in it");
    if (raw[0] == '/' || raw[0] == '\\' || (is_letter(raw[0]) && raw[1] == ':'))
        return bad(reterr, raw, "is an absolute path");
    if (goes_up(raw))
        return bad(reterr, raw, "leads out of its folder");
    return JIG_OK;
}

enum jig_code jig_archive_name_clean(const char *raw, struct jig_buf *out, struct jig_err *reterr)
{
    enum jig_code code = judge(raw, reterr);
    if (code != JIG_OK)
        return code;
    jig_buf_clear(out);
    for (const char *part = raw; *part != '\0';) {
        size_t n = strcspn(part, "/");
        if (n > JIG_ARCHIVE_PART_MAX)
            return bad(reterr, raw, "is too long a name");
        if (n > 0 && !(n == 1 && part[0] == '.')) {
            if (out->len > 0)
                jig_buf_putc(out, '/');
            jig_buf_append(out, part, n);
        }
        part += n + (part[n] == '/');
    }
    code = jig_buf_check(out, "a name in an archive", reterr);
    /* Without "./" in front it may be an absolute path after all. */
    return code == JIG_OK && out->len > 0 ? judge(out->data, reterr) : code;
}

static size_t folders_above(const char *name)
{
    size_t n = 0;
    for (; *name != '\0'; name++)
        n += *name == '/';
    return n;
}

enum jig_code jig_archive_link_check(const char *name, const char *target, struct jig_err *reterr)
{
    size_t level = folders_above(name);
    size_t n = strlen(target);
    if (n == 0 || n >= JIG_ARCHIVE_NAME_MAX || has_control(target))
        return bad(reterr, name, "is a link that says nothing usable");
    if (target[0] == '/' || target[0] == '\\' || (is_letter(target[0]) && target[1] == ':'))
        return bad(reterr, name, "is a link to an absolute path");
    for (const char *part = target; *part != '\0';) {
        n = strcspn(part, "/");
        if (n == 2 && part[0] == '.' && part[1] == '.') {
            if (level == 0)
                return bad(reterr, name, "is a link that leads out of its folder");
            level--;
        } else if (n > 0 && !(n == 1 && part[0] == '.')) {
            level++;
        }
        part += n + (part[n] == '/');
    }
    return JIG_OK;
}

void jig_name_set_release(struct jig_name_set *s)
{
    free(s->slots);
    *s = (struct jig_name_set){0};
}

static bool is_free(struct jig_fingerprint f)
{
    return f.high == 0 && f.low == 0;
}

/* Where it is, or the free place where it belongs. */
static struct jig_fingerprint *slot_of(const struct jig_name_set *s, struct jig_fingerprint f)
{
    size_t i = (size_t)f.low & (s->slot_count - 1);
    while (!is_free(s->slots[i]) && !jig_fingerprint_equal(s->slots[i], f))
        i = (i + 1) & (s->slot_count - 1);
    return &s->slots[i];
}

static void make_room(struct jig_name_set *s)
{
    if (s->slot_count > 2 * s->count)
        return;
    struct jig_name_set larger = {.slot_count = s->slot_count == 0 ? 64 : 2 * s->slot_count};
    larger.slots = jig_xcalloc(larger.slot_count, sizeof *larger.slots);
    larger.count = s->count;
    for (size_t i = 0; i < s->slot_count; i++) {
        if (!is_free(s->slots[i]))
            *slot_of(&larger, s->slots[i]) = s->slots[i];
    }
    free(s->slots);
    *s = larger;
}

static bool add(struct jig_name_set *s, const char *text, size_t n)
{
    struct jig_fingerprint f = jig_fingerprint_of(text, n);
    f.low |= is_free(f);
    make_room(s);
    struct jig_fingerprint *slot = slot_of(s, f);
    if (!is_free(*slot))
        return false;
    *slot = f;
    s->count++;
    return true;
}

/* In lower case, as far as it can be read as letters. */
static void fold(const char *name, size_t n, struct jig_buf *out)
{
    mbstate_t state = {0};
    jig_buf_clear(out);
    for (size_t i = 0; i < n;) {
        wchar_t letter;
        char bytes[16];
        size_t used = mbrtowc(&letter, name + i, n - i, &state);
        if (used == 0 || used > n - i) {
            memset(&state, 0, sizeof state);
            jig_buf_putc(out, name[i++]);
            continue;
        }
        mbstate_t back = {0};
        size_t made = wcrtomb(bytes, (wchar_t)towlower((wint_t)letter), &back);
        if (made == (size_t)-1)
            jig_buf_append(out, name + i, used);
        else
            jig_buf_append(out, bytes, made);
        i += used;
    }
}

/* For each folder above and for the name itself: the folded name, and the folded name together
 * with how it is written. The first may be known when the second is. */
enum jig_code jig_name_set_add(struct jig_name_set *s, const char *name, struct jig_err *reterr)
{
    struct jig_buf folded;
    enum jig_code code = JIG_OK;
    jig_buf_init(&folded, 16 * JIG_ARCHIVE_NAME_MAX);
    for (size_t n = 0; code == JIG_OK;) {
        n += strcspn(name + n, "/");
        fold(name, n, &folded);
        bool is_new = add(s, folded.data, folded.len);
        jig_buf_putc(&folded, '\n'); /* in no name */
        jig_buf_append(&folded, name, n);
        if (add(s, folded.data, folded.len) && !is_new)
            code = jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                               "'%.*s' differs from another name only in upper and lower case",
                               (int)n, name);
        if (name[n] == '\0')
            break;
        n++;
    }
    jig_buf_release(&folded);
    return code;
}

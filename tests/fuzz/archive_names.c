/* Names in archives, one a line: what is taken is relative, clean, and stays when it is cleaned
 * again; a link that is taken stays inside. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/archive_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_clean(const char *name)
{
    struct jig_strv parts = {0};
    if (name[0] == '/' || strlen(name) >= JIG_ARCHIVE_NAME_MAX)
        abort();
    jig_str_split(name, "/", true, &parts);
    for (size_t i = 0; i < parts.n && name[0] != '\0'; i++) {
        const char *p = parts.v[i];
        if (p[0] == '\0' || jig_streq(p, ".") || jig_streq(p, "..") ||
            strlen(p) > JIG_ARCHIVE_PART_MAX)
            abort();
    }
    jig_strv_release(&parts);
}

/* By words, where the link leads: never above the top. */
static void check_link(const char *name, const char *target)
{
    struct jig_strv parts = {0};
    int level = 0;
    for (const char *p = name; *p != '\0'; p++)
        level += *p == '/';
    jig_str_split(target, "/", false, &parts);
    for (size_t i = 0; i < parts.n; i++) {
        level += jig_streq(parts.v[i], "..") ? -1 : jig_streq(parts.v[i], ".") ? 0 : 1;
        if (level < 0)
            abort();
    }
    if (target[0] == '/')
        abort();
    jig_strv_release(&parts);
}

static void check_line(const char *raw, const char *before, struct jig_name_set *set)
{
    struct jig_buf once;
    struct jig_buf twice;
    jig_buf_init(&once, JIG_ARCHIVE_NAME_MAX + 1);
    jig_buf_init(&twice, JIG_ARCHIVE_NAME_MAX + 1);
    if (jig_archive_name_clean(raw, &once, NULL) == JIG_OK) {
        check_clean(once.data);
        if (once.len > 0 && (jig_archive_name_clean(once.data, &twice, NULL) != JIG_OK ||
                             strcmp(once.data, twice.data) != 0))
            abort();
        bool is_new = jig_name_set_add(set, once.data, NULL) == JIG_OK;
        if (is_new && jig_name_set_add(set, once.data, NULL) != JIG_OK)
            abort(); /* the same, written the same way, is no twin */
        if (jig_archive_link_check(once.data, before, NULL) == JIG_OK)
            check_link(once.data, before);
    }
    jig_buf_release(&once);
    jig_buf_release(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    JIG_CLEANUP_FREE char *text = jig_xstrndup((const char *)data, size);
    struct jig_strv lines = {0};
    struct jig_name_set set = {0};
    jig_str_split(text, "\n", true, &lines);
    for (size_t i = 0; i < lines.n; i++)
        check_line(lines.v[i], i == 0 ? "" : lines.v[i - 1], &set);
    jig_name_set_release(&set);
    jig_strv_release(&lines);
    return 0;
}

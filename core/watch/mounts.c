#include <stdlib.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/watch/watcher_impl.h"

#define TABLE_MAX (4u << 20)

/* "\040" in a mount point is a blank. Source: proc(5), mountinfo. */
static void unescape(char *s)
{
    char *to = s;
    for (const char *at = s; *at != '\0'; to++) {
        unsigned code = 0;
        int digits = 0;
        while (at[0] == '\\' && digits < 3 && at[digits + 1] >= '0' && at[digits + 1] <= '7')
            code = code * 8 + (unsigned)(at[++digits] - '0');
        *to = digits == 3 ? (char)code : *at;
        at += digits == 3 ? 4 : 1;
    }
    *to = '\0';
}

/* "36 35 98:0 /mnt1 /mnt2 rw ..." as "/mnt2 36 98:0 /mnt1": where, and what is there. */
static char *summary(const char *line)
{
    struct jig_strv words = {0};
    jig_str_split(line, " ", false, &words);
    char *out = NULL;
    if (words.n > 4) {
        unescape(words.v[4]);
        out = jig_strf("%s\n%s %s %s", words.v[4], words.v[0], words.v[2], words.v[3]);
    }
    jig_strv_release(&words);
    return out;
}

static void read_table(struct jig_strv *out)
{
    struct jig_buf text;
    struct jig_strv lines = {0};
    jig_buf_init(&text, TABLE_MAX);
    if (jig_fs_read("/proc/self/mountinfo", &text, NULL) == JIG_OK)
        jig_str_split(text.data, "\n", false, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        char *one = summary(lines.v[i]);
        if (one != NULL)
            jig_strv_append_take(out, one);
    }
    jig_strv_sort(out);
    jig_strv_release(&lines);
    jig_buf_release(&text);
}

/* The node at the mount point of a line, when there is one. What is no node has nothing below. */
static void break_at(struct jig_watcher *w, const char *line)
{
    struct jig_node *node = w->tree.root;
    for (const char *at = line; *at == '/' && node != NULL;) {
        size_t n = strcspn(++at, "/\n");
        if (n > 0)
            node = jig_tree_child(&w->tree, node, at, n);
        at += n;
    }
    if (node != NULL)
        jig_watcher_break(w, node);
}

void jig_watcher_check_mounts(struct jig_watcher *w)
{
    if (!jig_notify_mounts_changed(w->notify))
        return;
    struct jig_strv now = {0};
    read_table(&now);
    size_t i = 0, k = 0;
    while (i < now.n || k < w->mounts.n) { /* both are sorted */
        int order = i == now.n ? 1 : k == w->mounts.n ? -1 : strcmp(now.v[i], w->mounts.v[k]);
        if (order < 0)
            break_at(w, now.v[i]);
        else if (order > 0)
            break_at(w, w->mounts.v[k]);
        i += order <= 0;
        k += order >= 0;
    }
    jig_strv_release(&w->mounts);
    w->mounts = now;
}

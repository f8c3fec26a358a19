/* What git lists of a stranger's repository. */
#include <stdlib.h>

#include "core/packages/gittree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_git_tree tree;
    struct jig_git_modules modules = {0};
    jig_git_tree_init(&tree, 1000, 1 << 20);
    jig_git_tree_feed(&tree, (const char *)data, size / 2);
    jig_git_tree_feed(&tree, (const char *)data + size / 2, size - size / 2);
    (void)!jig_git_tree_end(&tree, NULL);
    if (tree.code == JIG_OK && (tree.bytes > tree.most_bytes || tree.n > tree.entries))
        abort();
    jig_git_tree_release(&tree);
    if (jig_git_modules((const char *)data, size, &modules, NULL) == JIG_OK) {
        for (size_t i = 0; i < modules.n; i++) {
            if (modules.items[i].url != NULL)
                free(jig_git_url_join("https://h/a/b.git", modules.items[i].url));
        }
        jig_git_modules_release(&modules);
    }
    return 0;
}

/* Whole archives of any format: whatever is in them, nothing is made outside of their folder, and
 * what is refused leaves nothing. */
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/base/strv.h"
#include "core/fetch/archive.h"
#include "core/os/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_only(const char *folder, size_t expected)
{
    struct jig_strv names = {0};
    if (jig_fs_list(folder, &names, NULL) != JIG_OK || names.n != expected)
        abort();
    jig_strv_release(&names);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char folder[] = "/tmp/jig-fuzz-XXXXXX";
    if (mkdtemp(folder) == NULL)
        abort();
    JIG_CLEANUP_FREE char *path = jig_path_join(folder, "archive");
    JIG_CLEANUP_FREE char *dest = jig_path_join(folder, "dest");
    struct jig_archive_spec spec = {
        .path = path,
        .dest = dest,
        .limits = {.entries = 100, .bytes = 1 << 20, .refuse_case_twins = size % 2 == 0},
        .strip_top = size % 3 == 0};
    if (jig_fs_write_unsynced(path, data, size, 0600, NULL) != JIG_OK)
        abort();
    bool taken = jig_archive_extract(&spec, &JIG_UNTIL_FOREVER, NULL, NULL) == JIG_OK;
    check_only(folder, taken ? 2 : 1);
    if (jig_fs_remove_tree(folder, NULL) != JIG_OK)
        abort();
    return 0;
}

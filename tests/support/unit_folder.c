#include "tests/support/unit.h"

#include "core/os/fs.h"

int unit_folder_teardown(void **state)
{
    enum jig_code code = jig_fs_remove_tree(*state, NULL);
    free(*state);
    return code == JIG_OK ? 0 : -1;
}

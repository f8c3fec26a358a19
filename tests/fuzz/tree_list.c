/* The list of files of an installed tree: whatever it says, nothing outside the tree is looked at.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/blob/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_strv wrong = {0};
    char *list = malloc(size + 1);
    if (list == NULL)
        return 0;
    if (size > 0)
        memcpy(list, data, size);
    list[size] = '\0';
    /* In a folder that has nothing, all that the list names is missing. */
    if (jig_manifest_check_list("/proc/self/fdinfo/none", list, &wrong, NULL) == JIG_OK) {
        for (size_t i = 0; i < wrong.n; i++) {
            size_t n = strlen(wrong.v[i]);
            if (n < 9 || strcmp(wrong.v[i] + n - 9, ": missing") != 0)
                abort();
        }
    }
    jig_strv_release(&wrong);
    free(list);
    return 0;
}

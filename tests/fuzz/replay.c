/*
 * replay.c - runs a fuzz target over every file of its corpus, for builds without libFuzzer.
 */
#include <stdint.h>
#include <stdio.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    size_t count = 0;
    for (int i = 1; i < argc; i++) {
        struct jig_strv names = {0};
        struct jig_err err = JIG_ERR_INIT;
        if (jig_fs_list(argv[i], &names, &err) != JIG_OK) {
            fprintf(stderr, "%s\n", err.message);
            return 1;
        }
        for (size_t k = 0; k < names.n; k++) {
            JIG_CLEANUP_FREE char *path = jig_path_join(argv[i], names.v[k]);
            struct jig_buf content;
            jig_buf_init(&content, 16 << 20);
            if (jig_fs_read(path, &content, &err) == JIG_OK) {
                LLVMFuzzerTestOneInput((const uint8_t *)content.data, content.len);
                count++;
            }
            jig_buf_release(&content);
        }
        jig_strv_release(&names);
    }
    printf("replayed %zu inputs\n", count);
    return count > 0 ? 0 : 1;
}

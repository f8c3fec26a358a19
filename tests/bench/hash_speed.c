/*
 * How fast an image's hash is made, to stand beside `openssl speed -evp sha256 -bytes 16384`.
 *
 *   hash_speed FILE MILLISECONDS
 *
 * Hashes 16 KiB in memory, and then FILE as an image that nothing is known of (it is read anew each
 * time), each for so long. As there, a second is one of the processor's. Prints one JSON object:
 * {"memory_mb_s":..,"image_mb_s":..}.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/str.h"
#include "core/flash/imagehash.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define PIECE 16384

static double cpu_ns(void)
{
    return (double)clock() * (1e9 / CLOCKS_PER_SEC);
}

static double memory_speed(int64_t until_ns)
{
    static char piece[PIECE];
    double began = cpu_ns();
    double bytes = 0;
    struct jig_sha256 *h = jig_sha256_new();
    while (jig_now_ns() < until_ns) {
        for (int i = 0; i < 64; i++)
            jig_sha256_update(h, piece, sizeof piece);
        bytes += 64.0 * PIECE;
    }
    (void)jig_sha256_final(h);
    jig_sha256_free(h);
    return bytes * 1000 / (cpu_ns() - began);
}

static double image_speed(const char *path, int64_t until_ns)
{
    struct jig_files *files = jig_files_new(1);
    struct jig_image_hashes *hashes = jig_image_hashes_new(files, 1);
    struct jig_image_part part = {.path = path};
    struct jig_stamp stamp;
    struct jig_err err = JIG_ERR_INIT;
    double began = cpu_ns();
    double bytes = 0;
    enum jig_code code = jig_fs_stamp(path, &stamp, &err);
    while (code == JIG_OK && jig_now_ns() < until_ns) {
        struct jig_digest d;
        part.offset++; /* another image each time */
        jig_files_forget(files, path);
        code = jig_image_hash(hashes, "", &part, 1, &d, &err);
        bytes += (double)stamp.size;
    }
    jig_image_hashes_free(hashes);
    jig_files_free(files);
    if (code != JIG_OK) {
        fprintf(stderr, "hash_speed: %s\n", err.message);
        exit(1);
    }
    return bytes * 1000 / (cpu_ns() - began);
}

int main(int argc, char **argv)
{
    int64_t ms = 0;
    if (argc != 3 || !jig_parse_i64(argv[2], &ms)) {
        fprintf(stderr, "usage: hash_speed FILE MILLISECONDS\n");
        return 1;
    }
    double memory = memory_speed(jig_deadline_in_ms(ms));
    double image = image_speed(argv[1], jig_deadline_in_ms(ms));
    printf("{\"memory_mb_s\":%.1f,\"image_mb_s\":%.1f}\n", memory, image);
    return 0;
}

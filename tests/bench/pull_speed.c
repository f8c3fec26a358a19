/*
 * How fast things are pulled and taken apart, and what that takes of memory.
 *
 *   pull_speed CACHE LIST AT_ONCE [ARCHIVE DEST]
 *   pull_speed --hash FILE
 *
 * LIST has a line "SHA256 SIZE URL" for each thing: all of them are pulled into the cache. Then the
 * archive is extracted. Prints one JSON object: {"pull_s":..,"bytes":..,"failed":..,"extract_s":..,
 * "idle_kib":..,"peak_kib":..}; peak is the most memory that was resident, idle what was before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/fetch/archive.h"
#include "core/fetch/pull.h"
#include "core/os/fs.h"
#include "core/os/time.h"

static uint64_t bytes;
static size_t failed;

static void done(void *ctx, size_t index, struct jig_pulled *pulled, const struct jig_err *err)
{
    (void)ctx;
    if (pulled == NULL) {
        fprintf(stderr, "%zu: %s\n", index, err->message);
        failed++;
        return;
    }
    bytes += pulled->blob.size_bytes;
    free(pulled->blob.path);
}

static struct jig_want *read_list(const char *path, size_t *ret_n)
{
    struct jig_buf text;
    struct jig_strv lines = {0};
    jig_buf_init(&text, 64 << 20);
    if (jig_fs_read(path, &text, NULL) != JIG_OK)
        exit(2);
    jig_str_split(text.data, "\n", false, &lines);
    struct jig_want *wants = jig_xcalloc(lines.n + 1, sizeof *wants);
    for (size_t i = 0; i < lines.n; i++) {
        struct jig_strv words = {0};
        const char **url = jig_new(const char *);
        jig_str_split(lines.v[i], " ", false, &words);
        if (words.n != 3 || !jig_digest_parse(words.v[0], &wants[i].sha256) ||
            !jig_parse_i64(words.v[1], &wants[i].size))
            exit(2);
        *url = jig_xstrdup(words.v[2]);
        wants[i].urls = url;
        wants[i].n_urls = 1;
        wants[i].kind = JIG_CACHE_LNK;
        jig_strv_release(&words);
    }
    *ret_n = lines.n;
    jig_strv_release(&lines);
    jig_buf_release(&text);
    return wants;
}

/* Of this program alone: getrusage would count who started it, too. "VmHWM:  1234 kB" */
static long memory_kib(const char *what)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        if (jig_str_starts(line, what))
            kib = strtol(line + strlen(what), NULL, 10);
    }
    if (f != NULL)
        fclose(f);
    return kib;
}

static int hash(const char *path)
{
    struct jig_digest d;
    char hex[JIG_SHA256_HEX];
    if (jig_sha256_file(path, &d, NULL) != JIG_OK)
        return 1;
    jig_digest_hex(&d, hex);
    puts(hex);
    return 0;
}

int main(int argc, char **argv)
{
    uint64_t at_once;
    if (argc == 3 && strcmp(argv[1], "--hash") == 0)
        return hash(argv[2]);
    if ((argc != 4 && argc != 6) || !jig_parse_u64(argv[3], &at_once))
        return 2;
    size_t n;
    struct jig_want *wants = read_list(argv[2], &n);
    struct jig_err err = JIG_ERR_INIT;
    struct jig_cache_options cache_options = {.root = argv[1]};
    struct jig_fetcher_options options = {.proxy = "none"};
    struct jig_fetcher *f = jig_fetcher_new(&options);
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_pull_many many = {
        .wants = wants, .n = n, .at_once = (uint32_t)at_once, .done = done};
    if (jig_cache_open(&cache_options, &cache, &err) != JIG_OK ||
        jig_hold_new(cache, "the benchmark", &hold, &err) != JIG_OK)
        return 1;
    long idle = memory_kib("VmRSS:");
    int64_t began = jig_now_ns();
    enum jig_code code = jig_pull_all(f, cache, hold, &many, &JIG_UNTIL_FOREVER, &err);
    double pull_s = (double)(jig_now_ns() - began) / 1e9;
    began = jig_now_ns();
    if (code == JIG_OK && argc == 6) {
        struct jig_archive_spec spec = {.path = argv[4], .dest = argv[5]};
        code = jig_archive_extract(&spec, &JIG_UNTIL_FOREVER, NULL, &err);
    }
    double extract_s = (double)(jig_now_ns() - began) / 1e9;
    if (code != JIG_OK)
        fprintf(stderr, "pull_speed: %s\n", err.message);
    printf("{\"pull_s\":%.4f,\"bytes\":%llu,\"failed\":%zu,\"extract_s\":%.4f,\"idle_kib\":%ld,"
           "\"peak_kib\":%ld}\n",
           pull_s, (unsigned long long)bytes, failed, extract_s, idle, memory_kib("VmHWM:"));
    return code == JIG_OK && failed == 0 ? 0 : 1;
}

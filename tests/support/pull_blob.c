/*
 * pull_blob - pulls one thing by its hash and says what became of it, for tests of servers.
 *
 *   pull_blob CACHE REMOTE NETRC CA_FILE SHA256 [URL...]
 *
 * REMOTE, NETRC and CA_FILE may be "-". Prints "cached" or "fetched" (or the code and the message
 * of a failure, and exits with 1), then hits, misses, failures and sent of the remote cache, all on
 * one line.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/base/str.h"
#include "core/fetch/pull.h"
#include "core/fetch/remote.h"

static const char *given(const char *word)
{
    return jig_streq(word, "-") ? NULL : word;
}

static enum jig_code pull(char **argv, int argc, struct jig_remote **remote, const char **ret,
                          struct jig_err *err)
{
    struct jig_cache_options at = {.root = argv[1]};
    struct jig_fetcher_options options = {
        .proxy = "none", .netrc = given(argv[3]), .ca_file = given(argv[4]), .rounds = 1};
    struct jig_remote_options remote_options = {.url = given(argv[2]), .fetcher = options};
    struct jig_want want = {
        .size = -1, .urls = (const char *const *)&argv[6], .n_urls = (size_t)argc - 6};
    struct jig_fetcher *fetcher = jig_fetcher_new(&options);
    struct jig_cache *cache;
    struct jig_hold *hold;
    struct jig_pulled pulled;
    if (!jig_digest_parse(argv[5], &want.sha256))
        return jig_err_set(err, JIG_INVALID_ARGUMENT, "'%s' is no SHA-256", argv[5]);
    enum jig_code code = jig_cache_open(&at, &cache, err);
    if (code == JIG_OK)
        code = jig_hold_new(cache, "pull_blob", &hold, err);
    if (code == JIG_OK && remote_options.url != NULL)
        code = jig_remote_new(&remote_options, remote, err);
    jig_fetcher_set_remote(fetcher, *remote);
    if (code == JIG_OK)
        code = jig_pull(fetcher, cache, hold, &want, NULL, NULL, &JIG_UNTIL_FOREVER, &pulled, err);
    if (code == JIG_OK)
        *ret = pulled.fetched ? "fetched" : "cached";
    if (code == JIG_OK && *remote != NULL)
        code = jig_remote_flush(*remote, &JIG_UNTIL_FOREVER, err);
    return code; /* all of it ends with the program */
}

int main(int argc, char **argv)
{
    struct jig_remote *remote = NULL;
    struct jig_remote_stats stats = {0};
    struct jig_err err = JIG_ERR_INIT;
    const char *how = "";
    if (argc < 6)
        return 2;
    enum jig_code code = pull(argv, argc, &remote, &how, &err);
    if (code != JIG_OK) {
        printf("%s: %s\n", jig_code_lower_name(code), err.message);
        return 1;
    }
    if (remote != NULL)
        stats = jig_remote_stats(remote);
    printf("%s hits %" PRIu64 " misses %" PRIu64 " failures %" PRIu64 " sent %" PRIu64 "\n", how,
           stats.hits, stats.misses, stats.failures, stats.sent);
    return 0;
}

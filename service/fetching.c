#include "service/fetching.h"

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/dirs.h"

/* Strings are borrowed from conf and `netrc`, which the caller frees. */
static struct jig_fetcher_options options_of(const struct jig_conf *conf, char **netrc)
{
    const struct jig_conf_fetch *c = &conf->fetch;
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    *netrc = c->netrc != NULL ? jig_xstrdup(c->netrc) : jig_path_join(home, ".netrc");
    return (struct jig_fetcher_options){
        .proxy = c->proxy,
        .no_proxy = c->no_proxy,
        .ca_file = c->ca_file,
        .netrc = *netrc,
        .tokens = c->tokens,
        .allow_file = c->allow_file,
        .connect_ms = c->connect_s * 1000,
        .stall_ms = c->stall_s * 1000,
        .rounds = c->rounds,
        .host_at_once = c->host_at_once,
        .at_once = c->at_once,
    };
}

struct jig_fetcher *jig_fetching_new(const struct jig_conf *conf)
{
    JIG_CLEANUP_FREE char *netrc = NULL;
    struct jig_fetcher_options options = options_of(conf, &netrc);
    return jig_fetcher_new(&options);
}

enum jig_code jig_fetching_remote(const struct jig_conf *conf, struct jig_remote **ret,
                                  struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *netrc = NULL;
    struct jig_remote_options options = {
        .url = conf->cache_remote,
        .read_only = conf->cache_remote_readonly,
        .fetcher = options_of(conf, &netrc),
    };
    *ret = NULL;
    if (conf->cache_remote == NULL)
        return JIG_OK;
    enum jig_code code = jig_remote_new(&options, ret, reterr);
    if (code != JIG_OK)
        jig_err_prefix(reterr, "'remote' of [cache]");
    return code;
}

enum jig_code jig_fetching_connect(const struct jig_conf *conf, struct jig_fetcher *fetcher,
                                   struct jig_remote **ret, struct jig_err *reterr)
{
    enum jig_code code = jig_fetching_remote(conf, ret, reterr);
    if (code == JIG_OK && *ret != NULL)
        jig_fetcher_set_remote(fetcher, *ret);
    return code;
}

struct jig_archive_limits jig_fetching_limits(const struct jig_conf *conf)
{
    return (struct jig_archive_limits){
        .entries = conf->fetch.archive_entries,
        .bytes = (uint64_t)conf->fetch.archive_mib << 20,
        .ratio = conf->fetch.archive_ratio,
        .refuse_case_twins = conf->fetch.archive_refuse_twins,
    };
}

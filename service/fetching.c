#include "service/fetching.h"

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/dirs.h"

struct jig_fetcher *jig_fetching_new(const struct jig_conf *conf)
{
    const struct jig_conf_fetch *c = &conf->fetch;
    JIG_CLEANUP_FREE char *home = jig_dirs_home();
    JIG_CLEANUP_FREE char *netrc = jig_path_join(home, ".netrc");
    struct jig_fetcher_options options = {
        .proxy = c->proxy,
        .no_proxy = c->no_proxy,
        .ca_file = c->ca_file,
        .netrc = c->netrc != NULL ? c->netrc : netrc,
        .tokens = c->tokens,
        .allow_file = c->allow_file,
        .connect_ms = c->connect_s * 1000,
        .stall_ms = c->stall_s * 1000,
        .rounds = c->rounds,
        .host_at_once = c->host_at_once,
        .at_once = c->at_once,
    };
    return jig_fetcher_new(&options);
}

struct jig_archive_limits jig_fetching_limits(const struct jig_conf *conf)
{
    return (struct jig_archive_limits){
        .entries = conf->fetch.archive_entries,
        .bytes = (uint64_t)conf->fetch.archive_mib << 20,
        .ratio = conf->fetch.archive_ratio,
    };
}

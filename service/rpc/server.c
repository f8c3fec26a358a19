#include "service/rpc/server.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/time.h"
#include "service/rpc/local.h"
#include "service/rpc/sockets.h"

#define FLUSH_MS  1000
#define LINGER_MS 50

struct jig_server {
    struct jig_server_options options;
    struct jig_local *local;     /* NULL: no unix socket */
    struct jig_sockets *sockets; /* NULL: nothing that needs nng */
    pthread_mutex_t mu;
    struct jig_strv paths; /* of unix sockets; guarded by mu */
    bool stopped;          /* the owner's */
};

enum jig_code jig_server_new(const struct jig_server_options *options, struct jig_server **ret,
                             struct jig_err *reterr)
{
    (void)reterr;
    struct jig_server *s = jig_new(struct jig_server);
    s->options = *options;
    pthread_mutex_init(&s->mu, NULL);
    *ret = s;
    return JIG_OK;
}

static enum jig_code listen_local(struct jig_server *s, const char *path, struct jig_err *reterr)
{
    enum jig_code code = JIG_OK;
    if (s->local == NULL)
        code = jig_local_new(&s->options, &s->local, reterr);
    if (code != JIG_OK)
        return code;
    unlink(path); /* stale, or nothing: the caller holds the lock */
    code = jig_local_listen(s->local, path, reterr);
    if (code != JIG_OK)
        return code;
    pthread_mutex_lock(&s->mu);
    jig_strv_append(&s->paths, path);
    pthread_mutex_unlock(&s->mu);
    return JIG_OK;
}

enum jig_code jig_server_listen(struct jig_server *s, const struct jig_endpoint *endpoint,
                                struct jig_err *reterr)
{
    if (endpoint->transport == JIG_TRANSPORT_IPC)
        return listen_local(s, endpoint->path, reterr);
    enum jig_code code = JIG_OK;
    if (s->sockets == NULL)
        code = jig_sockets_new(&s->options, &s->sockets, reterr);
    return code == JIG_OK ? jig_sockets_listen(s->sockets, endpoint, reterr) : code;
}

enum jig_code jig_server_serve(struct jig_server *s, struct jig_err *reterr)
{
    if (s->sockets != NULL)
        jig_sockets_serve(s->sockets);
    return s->local != NULL ? jig_local_serve(s->local, reterr) : JIG_OK;
}

void jig_server_endpoints(struct jig_server *s, struct jig_strv *out)
{
    pthread_mutex_lock(&s->mu);
    for (size_t i = 0; i < s->paths.n; i++) {
        JIG_CLEANUP_FREE char *url = jig_strf("ipc://%s", s->paths.v[i]);
        jig_strv_append(out, url);
    }
    pthread_mutex_unlock(&s->mu);
    if (s->sockets != NULL)
        jig_sockets_endpoints(s->sockets, out);
}

void jig_server_stop_accepting(struct jig_server *s)
{
    for (size_t i = 0; i < s->paths.n && !s->stopped; i++)
        unlink(s->paths.v[i]); /* once: another daemon may have its own there by now */
    s->stopped = true;
    if (s->local != NULL)
        jig_local_stop_accepting(s->local);
    if (s->sockets != NULL)
        jig_sockets_stop_accepting(s->sockets);
}

void jig_server_free(struct jig_server *s)
{
    if (s == NULL)
        return;
    jig_server_stop_accepting(s);
    if (s->local != NULL)
        jig_local_flush(s->local, jig_deadline_in_ms(FLUSH_MS), LINGER_MS);
    jig_local_free(s->local);
    jig_sockets_free(s->sockets);
    jig_strv_release(&s->paths);
    pthread_mutex_destroy(&s->mu);
    free(s);
}

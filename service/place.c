#include "service/place.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/dirs.h"
#include "core/os/fs.h"
#include "core/os/time.h"

#define TAKE_MS  10000
#define RETRY_MS 20 /* flock has no timed wait; a starting jigd listens within a few ms */

static char *lock_path_of(const char *socket)
{
    size_t n = strlen(socket);
    if (jig_str_ends(socket, ".sock"))
        n -= strlen(".sock");
    return jig_strf("%.*s.lock", (int)n, socket);
}

static char *default_socket(void)
{
    JIG_CLEANUP_FREE char *runtime = jig_dirs_runtime();
    return jig_path_join(runtime, "jigd.sock");
}

void jig_place_init(struct jig_place *place, const struct jig_options *options)
{
    *place = (struct jig_place){.lock = JIG_LOCK_INIT};
    place->socket = options->socket != NULL ? jig_xstrdup(options->socket) : default_socket();
    place->socket_dir = jig_path_dir(place->socket);
    place->lock_path = lock_path_of(place->socket);
    place->state_dir =
        options->state_dir != NULL ? jig_xstrdup(options->state_dir) : jig_dirs_state();
    place->cache_dir =
        options->cache_dir != NULL ? jig_xstrdup(options->cache_dir) : jig_dirs_cache();
    place->log_path = jig_path_join(place->state_dir, "jigd.log");
}

void jig_place_release(struct jig_place *place)
{
    jig_lock_release(&place->lock);
    free(place->socket);
    free(place->socket_dir);
    free(place->lock_path);
    free(place->state_dir);
    free(place->cache_dir);
    free(place->log_path);
}

static enum jig_code make_socket_dir(const struct jig_place *place, struct jig_err *reterr)
{
    JIG_CLEANUP_FREE char *runtime = jig_dirs_runtime();
    if (!jig_streq(runtime, place->socket_dir) && jig_fs_is_dir(place->socket_dir))
        return JIG_OK;
    return jig_dirs_make_private(place->socket_dir, reterr);
}

static bool somebody_listens(const char *socket_path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(socket_path) >= sizeof address.sun_path)
        return false;
    memcpy(address.sun_path, socket_path, strlen(socket_path));
    JIG_CLEANUP_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
}

enum jig_code jig_place_take(struct jig_place *place, struct jig_err *reterr)
{
    int64_t deadline_ns = jig_deadline_in_ms(TAKE_MS);
    enum jig_code code = make_socket_dir(place, reterr);
    while (code == JIG_OK) {
        code = jig_lock_try(&place->lock, place->lock_path, "jigd", reterr);
        if (code != JIG_ABORTED)
            break;
        if (somebody_listens(place->socket))
            return jig_err_reason(reterr, JIG_ABORTED, JIG_REASON_BUSY,
                                  "another jigd serves %s already", place->socket);
        struct jig_until until = {.deadline_ns = jig_deadline_in_ms(RETRY_MS)};
        if (jig_now_ns() >= deadline_ns)
            return jig_err_set(reterr, JIG_DEADLINE_EXCEEDED,
                               "another jigd holds %s and does not listen", place->lock_path);
        code = jig_lock_wait(&place->lock, place->lock_path, "jigd", &until, reterr);
        if (code != JIG_DEADLINE_EXCEEDED)
            break;
        code = JIG_OK;
    }
    if (code == JIG_OK)
        code = jig_fs_mkdirs(place->state_dir, 0700, reterr);
    if (code == JIG_OK)
        code = jig_fs_mkdirs(place->cache_dir, 0700, reterr);
    return code;
}

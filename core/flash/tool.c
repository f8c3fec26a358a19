#include "core/flash/tool.h"

#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/flash/failure.h"
#include "core/flash/progress.h"
#include "core/flash/reconnect.h"
#include "core/flash/verify.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "core/os/tty.h"

#define KILL_GRACE_MS 300  /* a tool that holds a dead port ignores SIGTERM */
#define RELEASE_MS    1000 /* for what is left of the tool's group to die of SIGKILL */
#define CUT_NOTE      "\n[the rest of the tool's output is not kept]\n"

/* How a run came to its end. */
enum ending { ENDED_ITSELF, ENDED_GONE, ENDED_TOOL_DEADLINE, ENDED_FROM_OUTSIDE };

struct run {
    const struct jig_flash_request *request;
    bool compares; /* writes nothing */
    bool same;     /* what a comparison found */
    struct jig_progress progress;
    struct jig_buf *log;
    bool log_full;
    bool port_went; /* at some time while the tool ran */
    enum ending ending;
    struct jig_proc_result exit;
};

static void hear(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    struct run *run = ctx;
    size_t room = run->log->max - sizeof CUT_NOTE - run->log->len;
    if (!run->log_full) {
        jig_buf_append(run->log, data, n < room ? n : room);
        run->log_full = n > room;
        if (run->log_full)
            jig_buf_puts(run->log, CUT_NOTE);
    }
    jig_progress_feed(&run->progress, stream, data, n);
}

static void note_command(struct jig_buf *log, const struct jig_strv *argv)
{
    JIG_CLEANUP_FREE char *line = jig_shell_join(argv);
    if (log->len + strlen(line) + sizeof CUT_NOTE < log->max)
        jig_buf_printf(log, "%s\n", line);
}

/* Waits for the tool until it ends or its port is gone for good. */
static enum jig_code attend(struct run *run, struct jig_proc *proc, struct jig_port_watch *watch,
                            const struct jig_until *until, struct jig_err *reterr)
{
    int64_t gone_since = 0;
    for (;;) {
        struct jig_until turn = *until;
        if (gone_since != 0)
            turn = jig_until_sooner(until, gone_since + JIG_TOOL_GONE_MS * JIG_NS_PER_MS);
        bool exited = false;
        enum jig_code code = jig_proc_wait_or(proc, watch->fd, &turn, &exited, reterr);
        if (code == JIG_OK && exited)
            return JIG_OK;
        if (code != JIG_OK &&
            (code != JIG_DEADLINE_EXCEEDED || jig_until_check(until, reterr) != JIG_OK))
            return code;
        if (code == JIG_DEADLINE_EXCEEDED) { /* time is up for the port alone */
            if (!jig_port_watch_is_back(watch)) {
                run->ending = ENDED_GONE;
                return JIG_UNAVAILABLE;
            }
            gone_since = 0; /* the tool may know what to do with that */
        } else if (jig_port_watch_gone(watch) && gone_since == 0) {
            run->port_went = true;
            gone_since = jig_now_ns();
        }
    }
}

static enum ending outside_or_ours(const struct jig_until *until)
{
    return jig_until_check(until, NULL) != JIG_OK ? ENDED_FROM_OUTSIDE : ENDED_TOOL_DEADLINE;
}

/* Runs it. An error means that it did not start; how it ended is in *run. */
static enum jig_code run_tool(struct run *run, const struct jig_strv *argv, const char *port,
                              const struct jig_until *until, struct jig_err *reterr)
{
    const struct jig_flash_request *r = run->request;
    struct jig_proc_spec spec = {.argv = jig_strv_argv(argv),
                                 .cwd = r->cwd,
                                 .output = hear,
                                 .ctx = run,
                                 .dies_with_us = true}; /* avrdude spins when its port dies */
    struct jig_port_watch watch;
    jig_port_watch_init(&watch, port);
    struct jig_proc *proc = NULL;
    enum jig_code code = jig_proc_start(&spec, &proc, reterr);
    if (code == JIG_OK) {
        int64_t tool_ms = r->tool_ms > 0 ? r->tool_ms : JIG_FLASH_TOOL_MS;
        struct jig_until limit = jig_until_sooner(until, jig_deadline_in_ms(tool_ms));
        struct jig_err ignored = JIG_ERR_INIT;
        enum jig_code ended = attend(run, proc, &watch, &limit, &ignored);
        if (ended == JIG_OK)
            run->exit = jig_proc_result(proc);
        else if (run->ending != ENDED_GONE)
            run->ending = outside_or_ours(until);
        jig_proc_kill(proc, KILL_GRACE_MS);
        if (ended != JIG_OK) /* one that ended by itself closed the port then: no need to look */
            jig_port_wait_released(port, jig_proc_pid(proc), jig_deadline_in_ms(RELEASE_MS));
        jig_proc_free(proc);
        run->port_went = run->port_went || jig_port_watch_gone(&watch);
    }
    jig_port_watch_release(&watch);
    jig_progress_end(&run->progress);
    return code;
}

/* What went wrong, in words and codes. The board's state is added by the caller. */
static enum jig_code explain(const struct run *run, const char *port, const struct jig_until *until,
                             struct jig_err *reterr)
{
    const struct jig_flash_request *r = run->request;
    const struct jig_progress *p = &run->progress;
    int64_t tool_ms = r->tool_ms > 0 ? r->tool_ms : JIG_FLASH_TOOL_MS;
    switch (run->ending) {
    case ENDED_FROM_OUTSIDE: {
        enum jig_code code = jig_until_check(until, reterr);
        jig_err_prefix(reterr, "flashing %s at %s", r->device, port);
        return code;
    }
    case ENDED_GONE:
        jig_err_reason(reterr, JIG_UNAVAILABLE, JIG_REASON_DEPLOY_FAILED,
                       "flashing %s failed: its port %s went away", r->device, port);
        jig_err_hint(reterr, "was it unplugged? `jig devices list` shows whether it is back");
        return JIG_UNAVAILABLE;
    case ENDED_TOOL_DEADLINE:
        return jig_err_reason(reterr, JIG_DEADLINE_EXCEEDED, JIG_REASON_DEPLOY_FAILED,
                              "flashing %s at %s failed: the tool was ended after %lld ms",
                              r->device, port, (long long)tool_ms);
    case ENDED_ITSELF:
        break;
    }
    if (run->port_went && p->failure < 0)
        return jig_err_reason(reterr, JIG_UNAVAILABLE, JIG_REASON_DEPLOY_FAILED,
                              "flashing %s failed: its port %s went away", r->device, port);
    return jig_failure_explain(p->failure, r->device, port,
                               p->complaint[0] != '\0' ? p->complaint : p->last, reterr);
}

static void add_state(struct jig_err *reterr, enum jig_flash_state state)
{
    if (reterr == NULL)
        return;
    size_t n = strlen(reterr->message);
    snprintf(reterr->message + n, sizeof reterr->message - n, "; %s", jig_flash_state_words(state));
}

static void set_port(struct jig_flash_result *ret, const char *port)
{
    free(ret->port);
    ret->port = jig_xstrdup(port);
}

static void finish(const struct run *run, const char *port, const struct jig_until *until,
                   struct jig_flash_result *ret)
{
    const struct jig_flash_request *r = run->request;
    const struct jig_progress *p = &run->progress;
    if (run->compares) {
        ret->bytes_verified = p->verified > 0 ? p->verified : r->image_bytes;
        ret->state = run->same ? JIG_FLASH_COMPLETE : JIG_FLASH_UNTOUCHED;
    } else {
        ret->bytes_written = p->written > 0 ? p->written : r->image_bytes;
        ret->bytes_verified = p->verified;
        ret->state = JIG_FLASH_COMPLETE;
    }
    ret->verified = p->verifies && ret->state == JIG_FLASH_COMPLETE;
    bool may_move = r->inventory != NULL && (run->port_went || !jig_streq(port, r->port));
    JIG_CLEANUP_FREE char *moved = may_move ? jig_flash_port_after(r, until) : NULL;
    set_port(ret, moved != NULL ? moved : port);
}

/* The words that write, or those that compare. */
static enum jig_code make_command(const struct run *run, const char *port, struct jig_strv *argv,
                                  struct jig_err *reterr)
{
    const struct jig_flash_request *r = run->request;
    if (!run->compares)
        return r->command(r->command_ctx, port, argv, reterr);
    struct jig_strv writes = {0};
    enum jig_code code = r->command(r->command_ctx, port, &writes, reterr);
    if (code == JIG_OK && !jig_verify_words(&writes, argv))
        code = jig_err_set(reterr, JIG_UNIMPLEMENTED,
                           "the upload command of %s cannot be made to compare alone", r->device);
    jig_strv_release(&writes);
    return code;
}

/* True when the tool did what it was asked for. That a board holds another image is an answer. */
static bool judge(struct run *run)
{
    if (run->ending != ENDED_ITSELF)
        return false;
    run->same = run->exit.exit_status == 0;
    return run->same || (run->compares && jig_failure_is_mismatch(run->progress.failure));
}

static enum jig_code flash_at(struct run *run, const char *port, const struct jig_until *until,
                              struct jig_flash_result *ret, struct jig_err *reterr)
{
    struct jig_strv argv = {0};
    jig_progress_phase(&run->progress, JIG_FLASH_CONNECTING);
    enum jig_code code = jig_port_check(port, reterr);
    if (code == JIG_OK)
        code = make_command(run, port, &argv, reterr);
    if (code == JIG_OK) {
        note_command(run->log, &argv);
        code = run_tool(run, &argv, port, until, reterr);
    }
    jig_strv_release(&argv);
    if (code != JIG_OK) {
        ret->state = JIG_FLASH_UNTOUCHED; /* it was not even started */
        set_port(ret, jig_fs_exists(port) ? port : "");
        return code;
    }
    if (judge(run)) {
        finish(run, port, until, ret);
        if (run->same)
            jig_progress_phase(&run->progress, JIG_FLASH_DONE);
        return JIG_OK;
    }
    ret->state = jig_progress_state(&run->progress);
    ret->bytes_written = run->progress.written;
    set_port(ret, jig_fs_exists(port) ? port : "");
    code = explain(run, port, until, reterr);
    if (!(code == JIG_ABORTED && ret->state == JIG_FLASH_UNKNOWN))
        add_state(reterr, ret->state);
    return code;
}

static enum jig_code run_whole(struct run *run, const struct jig_flash_watcher *watcher,
                               const struct jig_until *until, struct jig_flash_result *ret,
                               struct jig_err *reterr)
{
    const struct jig_flash_request *request = run->request;
    run->log = &ret->log;
    jig_progress_init(&run->progress, watcher, request->image_bytes);
    JIG_CLEANUP_FREE char *touched = NULL;
    enum jig_code code = jig_until_check(until, reterr);
    if (code == JIG_OK && request->use_1200bps_touch && request->inventory != NULL) {
        jig_progress_phase(&run->progress, JIG_FLASH_TOUCHING);
        code = jig_flash_touch(request, until, &touched, reterr);
    }
    if (code == JIG_OK)
        code = flash_at(run, touched != NULL ? touched : request->port, until, ret, reterr);
    return code;
}

static enum jig_code flash(const struct jig_flash_request *request,
                           const struct jig_flash_watcher *watcher, const struct jig_until *until,
                           struct jig_flash_result *ret, struct jig_err *reterr)
{
    struct run *run = jig_new(struct run);
    run->request = request;
    enum jig_code code = run_whole(run, watcher, until, ret, reterr);
    free(run);
    return code;
}

static enum jig_code verify(const struct jig_flash_request *request,
                            const struct jig_flash_watcher *watcher, const struct jig_until *until,
                            struct jig_flash_result *ret, bool *ret_same, struct jig_err *reterr)
{
    struct run *run = jig_new(struct run);
    run->request = request;
    run->compares = true;
    struct jig_strv words = {0}; /* no board is touched for a command that cannot be had */
    enum jig_code code = make_command(run, request->port, &words, reterr);
    jig_strv_release(&words);
    if (code == JIG_OK)
        code = run_whole(run, watcher, until, ret, reterr);
    if (code == JIG_OK)
        *ret_same = run->same;
    free(run);
    return code;
}

const struct jig_flasher_ops jig_flasher_tool = {.name = "tool", .flash = flash, .verify = verify};

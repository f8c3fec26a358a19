/* /jig.v1.LnkService/StartCheck */
#include "core/base/mem.h"
#include "service/handlers/lnk_start.h"

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    const struct jig_lnk_work *w = ctx;
    JIG_CLEANUP_FREE char *root = NULL;
    JIG_CLEANUP_FREE char *base = NULL;
    enum jig_code code = jig_lnk_work_place(w, &root, &base, reterr);
    struct jig_lnks_request request = {.root = root,
                                       .base = base,
                                       .deep = w->deep,
                                       .tell_result = true,
                                       .news_only = w->news_only};
    return code == JIG_OK ? jig_lnks_check(w->lnks, op, &request, reterr) : code;
}

void jig_handle_lnk_check(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartCheckRequest *request = jig_call_request(call);
    struct jig_lnk_work *w = jig_lnk_work_new(env, request->project);
    w->deep = request->deep;
    w->news_only = request->news_only;
    jig_lnk_start(env, call, w, run, w->directory, request->tie, request->wait_ms);
}

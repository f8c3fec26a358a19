/* /jig.v1.LnkService/StartAdd */
#include "core/base/mem.h"
#include "core/base/str.h"
#include "service/handlers/lnk_start.h"

static enum jig_code run(struct jig_operation *op, void *ctx, struct jig_err *reterr)
{
    const struct jig_lnk_work *w = ctx;
    return jig_lnks_add(w->lnks, op, w->url, w->path, w->says_extract ? &w->extract : NULL, reterr);
}

static enum jig_code read_request(const Jig__V1__StartAddRequest *request, struct jig_lnk_work *w,
                                  struct jig_err *reterr)
{
    enum jig_code code = jig_pointer_check_url(request->url, "the URL", reterr);
    if (code != JIG_OK && reterr != NULL)
        reterr->reason = JIG_REASON_USAGE;
    if (code == JIG_OK && !jig_str_ends(request->path, JIG_POINTER_SUFFIX))
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "a pointer's name ends in .lnk, and '%s' does not", request->path);
    w->says_extract = request->extract[0] != '\0';
    if (code == JIG_OK && w->says_extract &&
        !jig_pointer_extract_parse(request->extract, &w->extract))
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              "nothing is known of archives of the kind '%s'", request->extract);
    return code;
}

void jig_handle_lnk_add(const struct jig_env *env, struct jig_call *call)
{
    const Jig__V1__StartAddRequest *request = jig_call_request(call);
    struct jig_lnk_work *w = jig_lnk_work_new(env, NULL);
    struct jig_err err = JIG_ERR_INIT;
    w->url = jig_xstrdup(request->url);
    w->path = jig_xstrdup(request->path);
    if (read_request(request, w, &err) != JIG_OK) {
        jig_call_fail(call, &err, NULL);
        jig_lnk_work_free(w);
        return;
    }
    jig_lnk_start(env, call, w, run, w->path, request->tie, request->wait_ms);
}

#include "core/flash/flash.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/flash/tool.h"

static const struct jig_flasher_ops *const flashers[] = {
    &jig_flasher_tool,
};

const char *jig_flash_phase_name(enum jig_flash_phase phase)
{
    static const char *const names[] = {
        [JIG_FLASH_TOUCHING] = "touching",   [JIG_FLASH_CONNECTING] = "connecting",
        [JIG_FLASH_ERASING] = "erasing",     [JIG_FLASH_WRITING] = "writing",
        [JIG_FLASH_VERIFYING] = "verifying", [JIG_FLASH_DONE] = "done",
    };
    return names[phase];
}

void jig_flash_result_init(struct jig_flash_result *r)
{
    *r = (struct jig_flash_result){.port = jig_xstrdup("")};
    jig_buf_init(&r->log, JIG_FLASH_LOG_MAX);
}

void jig_flash_result_release(struct jig_flash_result *r)
{
    free(r->port);
    jig_buf_release(&r->log);
    *r = (struct jig_flash_result){0};
}

const struct jig_flasher_ops *jig_flasher_find(const char *name)
{
    for (size_t i = 0; i < JIG_COUNT(flashers); i++) {
        if (jig_streq(flashers[i]->name, name))
            return flashers[i];
    }
    return NULL;
}

static enum jig_code check_port(const struct jig_flash_request *request, struct jig_err *reterr)
{
    if (request->port != NULL && request->port[0] != '\0')
        return JIG_OK;
    return jig_err_set(reterr, JIG_FAILED_PRECONDITION, "the device %s has no port now",
                       request->device);
}

enum jig_code jig_flash(const struct jig_flasher_ops *ops, const struct jig_flash_request *request,
                        const struct jig_flash_watcher *watcher, const struct jig_until *until,
                        struct jig_flash_result *ret, struct jig_err *reterr)
{
    enum jig_code code = check_port(request, reterr);
    return code == JIG_OK ? ops->flash(request, watcher, until, ret, reterr) : code;
}

enum jig_code jig_flash_verify(const struct jig_flasher_ops *ops,
                               const struct jig_flash_request *request,
                               const struct jig_flash_watcher *watcher,
                               const struct jig_until *until, struct jig_flash_result *ret,
                               bool *ret_same, struct jig_err *reterr)
{
    if (ops->verify == NULL)
        return jig_err_set(reterr, JIG_UNIMPLEMENTED, "the flasher %s cannot compare alone",
                           ops->name);
    enum jig_code code = check_port(request, reterr);
    return code == JIG_OK ? ops->verify(request, watcher, until, ret, ret_same, reterr) : code;
}

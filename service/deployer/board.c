#include "service/deployer/impl.h"

#include <stdlib.h>

#include "core/base/mem.h"
#include "core/base/str.h"

#define MOST_USB_IDS 64

static enum jig_code one_environment(struct jig_deploy *d, struct jig_err *reterr)
{
    const struct jig_target *t = d->target;
    if (t->n == 1) {
        d->environment = &t->environments[0];
        d->board = d->environment->board;
        return JIG_OK;
    }
    struct jig_strv names = {0};
    for (size_t i = 0; i < t->n; i++)
        jig_strv_append(&names, t->environments[i].environment->name);
    JIG_CLEANUP_FREE char *all = jig_strv_join(&names, ", ");
    jig_strv_release(&names);
    enum jig_code code = jig_err_reason(
        reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
        "the project has several default environments, and a device takes one: %s", all);
    jig_err_hint(reterr, "name the one to deploy with -e");
    return code;
}

/* What the project says of the port, when the caller names none. */
static const char *stated_port(const struct jig_deploy *d)
{
    if (d->environment == NULL)
        return NULL;
    const char *port = jig_environment_string(d->environment->environment, "upload_port");
    return port != NULL ? port : jig_environment_string(d->environment->environment, "port");
}

static enum jig_code choose_by_board(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_usb_id ids[MOST_USB_IDS];
    JIG_CLEANUP_FREE char *fqbn = jig_fqbn_format(&d->board->fqbn, false);
    struct jig_device_wish wish = {.fqbn = fqbn, .usb_ids = ids};
    wish.n_usb_ids = jig_board_usb_ids(d->board->board, ids, MOST_USB_IDS);
    if (wish.n_usb_ids > MOST_USB_IDS)
        wish.n_usb_ids = MOST_USB_IDS;
    return jig_inventory_choose(d->deployer->inventory, &wish, &d->device, reterr);
}

static enum jig_code choose_device(struct jig_deploy *d, struct jig_err *reterr)
{
    const char *name = d->request->device[0] != '\0' ? d->request->device : stated_port(d);
    enum jig_code code = jig_inventory_refresh(d->deployer->inventory, reterr);
    if (code != JIG_OK)
        return code;
    if (name != NULL)
        return jig_inventory_find(d->deployer->inventory, name, &d->device, reterr);
    if (d->board != NULL)
        return choose_by_board(d, reterr);
    return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                          "an image without a project needs a device (-d)");
}

/* The board behind a device, for an image that no project made. */
static enum jig_code board_of_device(struct jig_deploy *d, struct jig_err *reterr)
{
    struct jig_targets *targets = jig_builder_targets(d->deployer->builder);
    struct jig_strv boards = {0};
    enum jig_code code = JIG_OK;
    if (d->request->fqbn[0] != '\0')
        jig_strv_append(&boards, d->request->fqbn);
    else if (d->device.fqbn[0] != '\0')
        jig_strv_append(&boards, d->device.fqbn);
    else if (d->device.usb)
        code = jig_target_boards_with_usb(targets, d->device.vid, d->device.pid, &boards, reterr);
    if (code == JIG_OK && boards.n != 1) {
        JIG_CLEANUP_FREE char *all = jig_strv_join(&boards, ", ");
        code = jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_USAGE,
                              boards.n == 0 ? "nobody has said what board %s is%s"
                                            : "%s may be one of several boards: %s",
                              d->device.id, all);
        jig_err_hint(reterr, "name it with --fqbn");
    }
    if (code == JIG_OK)
        code = jig_target_board(targets, boards.v[0], &d->image_board, reterr);
    if (code == JIG_OK)
        code = jig_target_lease_board(targets, d->image_board, "a deploy of an image",
                                      &d->image_hold, reterr);
    jig_strv_release(&boards);
    d->board = d->image_board;
    return code;
}

enum jig_code deploy_choose(struct jig_deploy *d, struct jig_err *reterr)
{
    bool bare = d->target == NULL;
    enum jig_code code = bare ? JIG_OK : one_environment(d, reterr);
    if (code == JIG_OK && bare && d->request->fqbn[0] != '\0')
        code = board_of_device(d, reterr);
    if (code == JIG_OK)
        code = choose_device(d, reterr);
    if (code == JIG_OK && d->board == NULL)
        code = board_of_device(d, reterr);
    if (code != JIG_OK)
        return code;
    d->mode = d->request->trust != JIG_TRUST_UNSAID ? d->request->trust
                                                    : deployer_trust_of(d->deployer, &d->device);
    return JIG_OK;
}

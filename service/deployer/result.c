#include "service/deployer/impl.h"

#include "core/os/time.h"
#include "service/wire/operation.h"

#define MOST_PHASES (PHASE_OWN_COUNT + JIG_FLASH_DONE)

struct phases {
    Jig__V1__PhaseTime items[MOST_PHASES];
    Jig__V1__PhaseTime *pointers[MOST_PHASES];
    size_t n;
};

static char *text(const char *s)
{
    return (char *)(s != NULL ? s : "");
}

static void add_phase(struct phases *all, const char *name, int64_t us)
{
    Jig__V1__PhaseTime *phase = &all->items[all->n];
    jig__v1__phase_time__init(phase);
    phase->name = text(name);
    phase->duration_us = us;
    all->pointers[all->n++] = phase;
}

static void add_phases(const struct jig_deploy *d, struct phases *all)
{
    static const char *const own[] = {[PHASE_CHOOSE] = "choose", [PHASE_IMAGE] = "image"};
    for (int i = 0; i < PHASE_OWN_COUNT; i++)
        add_phase(all, own[i], d->own_us[i]);
    for (int i = 0; i < JIG_FLASH_DONE; i++) {
        if (d->phase_us[i] > 0) /* one that this tool has */
            add_phase(all, jig_flash_phase_name((enum jig_flash_phase)i), d->phase_us[i]);
    }
}

void deploy_set_result(struct jig_deploy *d)
{
    struct phases phases = {.n = 0};
    Jig__V1__DeployResult message;
    jig__v1__deploy_result__init(&message);
    add_phases(d, &phases);
    message.phases = phases.pointers;
    message.n_phases = phases.n;
    message.outcome = d->outcome;
    message.device = text(d->device.id);
    message.port = text(d->flash.port);
    message.bytes_written = (int64_t)d->flash.bytes_written;
    message.bytes_skipped = (int64_t)d->bytes_skipped;
    message.server_us = (jig_now_ns() - d->started_ns) / 1000;
    message.monitor_session = text(d->session);
    message.because = text(d->because);
    message.build = (Jig__V1__BuildResult *)d->build;
    jig_wire_set_deploy(d->op, &message);
}

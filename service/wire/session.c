#include "service/wire/session.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/base/str.h"

void jig_session_name(uint64_t session, char out[JIG_SESSION_NAME_MAX])
{
    snprintf(out, JIG_SESSION_NAME_MAX, "s%" PRIu64, session);
}

uint64_t jig_session_of_name(const char *name)
{
    uint64_t session;
    return name[0] == 's' && jig_parse_u64(name + 1, &session) ? session : 0;
}

#include "service/handlers/descriptors.h"
#include "service/handlers/handlers.h"
#include "service/wire/messages.h"

void jig_handle_daemon_descriptors(const struct jig_env *env, struct jig_call *call)
{
    (void)env;
    Jig__V1__GetDescriptorsResponse reply = JIG__V1__GET_DESCRIPTORS_RESPONSE__INIT;
    reply.file_descriptor_set.data = (uint8_t *)jig_descriptors;
    reply.file_descriptor_set.len = jig_descriptors_size;
    jig_call_reply(call, &reply.base);
}

/*
 * messages.h - the generated messages, for wire/ and the handlers.
 *
 * A handler reads its request and fills its response as generated messages; what more than one of
 * them needs (operations, devices, results, errors) is converted by the other files of wire/.
 * Nothing outside service/ and client/lib includes this.
 */
#ifndef JIG_SERVICE_WIRE_MESSAGES_H
#define JIG_SERVICE_WIRE_MESSAGES_H

#include "jig/v1/build.pb-c.h"
#include "jig/v1/cache.pb-c.h"
#include "jig/v1/daemon.pb-c.h"
#include "jig/v1/deploy.pb-c.h"
#include "jig/v1/device.pb-c.h"
#include "jig/v1/lnk.pb-c.h"
#include "jig/v1/operation.pb-c.h"
#include "jig/v1/package.pb-c.h"
#include "jig/v1/rpc.pb-c.h"
#include "jig/v1/types.pb-c.h"

/* The protocol that this source speaks (proto/jig/v1/rpc.proto). */
#define JIG_PROTOCOL_VERSION 1

#endif

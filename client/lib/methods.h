/*
 * methods.h - the methods that this library was built with, found by name.
 *
 * Threads: no state.
 */
#ifndef JIG_LIB_METHODS_H
#define JIG_LIB_METHODS_H

#include "client/lib/call.h"

/* NULL-terminated. */
extern const ProtobufCServiceDescriptor *const jig_services[];

/* "/jig.v1.DeviceService/ListDevices", "DeviceService/ListDevices", "ListDevices". NOT_FOUND names
 * the nearest; INVALID_ARGUMENT when several services have it. */
enum jig_status jig_method_find(const char *name, struct jig_target *ret,
                                struct jig_error *reterr) JIG_CHECKED;

#endif

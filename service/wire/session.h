/*
 * session.h - the name of a serial session on the wire.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_WIRE_SESSION_H
#define JIG_SERVICE_WIRE_SESSION_H

#include <stdint.h>

#define JIG_SESSION_NAME_MAX 24

void jig_session_name(uint64_t session, char out[JIG_SESSION_NAME_MAX]);

/* 0, which is no session's, for what is no such name. */
uint64_t jig_session_of_name(const char *name);

#endif

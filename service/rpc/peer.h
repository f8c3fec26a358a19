/*
 * peer.h - who is at the other end of a connection, as the kernel says.
 *
 * Threads: no state.
 */
#ifndef JIG_SERVICE_RPC_PEER_H
#define JIG_SERVICE_RPC_PEER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* The name of a user, or its number when the password database has none. */
void jig_user_name(uid_t uid, char *out, size_t size);

/* The user of the socket that is bound to `theirs` and connected to `ours`, both of this host, from
 * a table of the form of /proc/net/tcp and tcp6 (Linux Documentation/networking/proc_net_tcp.rst).
 * False when it has no such socket. */
bool jig_tcp_table_uid(const char *table, const struct in6_addr *theirs, unsigned their_port,
                       const struct in6_addr *ours, unsigned our_port, uid_t *ret);

/* The same from this host's own tables. IPv4 addresses are passed mapped (::ffff:a.b.c.d). */
bool jig_tcp_uid(const struct in6_addr *theirs, unsigned their_port, const struct in6_addr *ours,
                 unsigned our_port, uid_t *ret);

#endif

/*
 * mend.h - nng's listeners stay alive when a peer hangs up before its greeting.
 *
 * nng 1.5.2 writes its greeting to each new connection. When the peer is gone by then, the write
 * fails with EPIPE, which nng calls NNG_ECLOSED, which its listener takes for its own end: it never
 * accepts again (nng issue 1518, mended in nng 1.6). A client that is killed at the right moment
 * would so make the daemon deaf. ECONNRESET, which means the same to everybody, does no harm.
 *
 * mend.c therefore defines sendmsg(2) for the whole program. jig_nng_mend does nothing but make
 * sure that it is linked.
 */
#ifndef JIG_SERVICE_RPC_MEND_H
#define JIG_SERVICE_RPC_MEND_H

void jig_nng_mend(void);

#endif

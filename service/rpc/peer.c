#include "service/rpc/peer.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/os/fs.h"

#define TABLE_MAX         (8 * 1024 * 1024)
#define STATE_ESTABLISHED 1 /* TCP_ESTABLISHED in linux/tcp_states.h */

void jig_user_name(uid_t uid, char *out, size_t size)
{
    struct passwd record;
    struct passwd *found = NULL;
    char space[4096];
    if (getpwuid_r(uid, &record, space, sizeof space, &found) == 0 && found != NULL)
        snprintf(out, size, "%s", found->pw_name);
    else
        snprintf(out, size, "%lu", (unsigned long)uid);
}

/* An address of the table: 8 or 32 hex digits, 32-bit words in the host's order. IPv4 is mapped. */
static bool parse_address(const char *hex, size_t n, struct in6_addr *ret)
{
    uint32_t words[4] = {0, 0, htonl(0xffff), 0};
    if (n != 8 && n != 32)
        return false;
    for (size_t i = 0; i < n / 8; i++) {
        unsigned word;
        if (sscanf(hex + 8 * i, "%8X", &word) != 1)
            return false;
        words[n == 8 ? 3 : i] = word;
    }
    memcpy(ret, words, sizeof *ret);
    return true;
}

static bool same_end(const char *text, const struct in6_addr *address, unsigned port)
{
    struct in6_addr found;
    const char *colon = strchr(text, ':');
    unsigned found_port;
    return colon != NULL && parse_address(text, (size_t)(colon - text), &found) &&
           sscanf(colon + 1, "%4X", &found_port) == 1 && found_port == port &&
           memcmp(&found, address, sizeof found) == 0;
}

bool jig_tcp_table_uid(const char *table, const struct in6_addr *theirs, unsigned their_port,
                       const struct in6_addr *ours, unsigned our_port, uid_t *ret)
{
    for (const char *line = table; line != NULL && *line != '\0';) {
        char local[48], remote[48];
        unsigned state;
        unsigned long uid;
        int fields = sscanf(line, " %*[0-9]: %47[0-9A-F:] %47[0-9A-F:] %2X %*s %*s %*s %lu", local,
                            remote, &state, &uid);
        if (fields == 4 && state == STATE_ESTABLISHED && same_end(local, theirs, their_port) &&
            same_end(remote, ours, our_port)) {
            *ret = (uid_t)uid;
            return true;
        }
        line = strchr(line, '\n');
        if (line != NULL)
            line++;
    }
    return false;
}

bool jig_tcp_uid(const struct in6_addr *theirs, unsigned their_port, const struct in6_addr *ours,
                 unsigned our_port, uid_t *ret)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    bool found = false;
    for (size_t i = 0; i < 2 && !found; i++) {
        struct jig_buf table;
        jig_buf_init(&table, TABLE_MAX);
        if (jig_fs_read(tables[i], &table, NULL) == JIG_OK)
            found = jig_tcp_table_uid(table.data, theirs, their_port, ours, our_port, ret);
        jig_buf_release(&table);
    }
    return found;
}

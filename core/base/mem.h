/*
 * mem.h - small allocations that do not fail, and cleanup attributes.
 *
 * Policy: whatever a peer, a file or a device can make grow lives in a container with a ceiling
 * (jig_buf, jig_arena, jig_strv with a checked count), which reports RESOURCE_EXHAUSTED. What is
 * left are small records of our own; when the system cannot give even those the process aborts,
 * like on any other broken invariant. Memory from here is released with free().
 */
#ifndef JIG_BASE_MEM_H
#define JIG_BASE_MEM_H

#include <stddef.h>
#include <stdlib.h>

void *jig_xcalloc(size_t count, size_t size);
void *jig_xrealloc(void *p, size_t count, size_t size); /* overflow of count * size aborts */
char *jig_xstrdup(const char *s);                       /* NULL gives NULL */
char *jig_xstrndup(const char *s, size_t n);

/* jig_new(struct x) - a zeroed struct x. */
#define jig_new(type) ((type *)jig_xcalloc(1, sizeof(type)))

/* Grows `*items` so that item number `count` can be stored. `*cap` doubles from 8. */
void *jig_grow(void *items, size_t *cap, size_t count, size_t item_size);

/* JIG_CLEANUP_FREE char *s = ...; frees s when the scope ends. */
void jig_cleanup_free(void *pp);
void jig_cleanup_fd(int *fd);
#define JIG_CLEANUP_FREE __attribute__((cleanup(jig_cleanup_free)))
#define JIG_CLEANUP_FD   __attribute__((cleanup(jig_cleanup_fd)))
#define JIG_CLEANUP(fn)  __attribute__((cleanup(fn)))

/* Takes the value out of a cleanup variable: `return jig_steal(&p);` */
#define jig_steal(pp)                                                                              \
    ({                                                                                             \
        __typeof__(*(pp)) stolen_ = *(pp);                                                         \
        *(pp) = NULL;                                                                              \
        stolen_;                                                                                   \
    })

#define JIG_COUNT(array) (sizeof(array) / sizeof((array)[0]))

#endif

/*
 * index_impl.h - how an index grows while it is read. For index.c and indexparse.c.
 */
#ifndef JIG_PACKAGES_INDEX_IMPL_H
#define JIG_PACKAGES_INDEX_IMPL_H

#include "core/packages/index.h"

/* A copy that lives as long as the index. NULL when the memory's ceiling is reached. */
const char *jig_index_text(struct jig_index *x, const char *s, size_t n);

/* Room for one more of a kind, zeroed and counted. NULL past JIG_INDEX_RELEASES_MAX or the memory's
 * ceiling. */
struct jig_index_platform *jig_index_add_platform(struct jig_index *x);
struct jig_index_need *jig_index_add_need(struct jig_index *x);
struct jig_index_tool *jig_index_add_tool(struct jig_index *x);
struct jig_index_system *jig_index_add_system(struct jig_index *x);
struct jig_index_library *jig_index_add_library(struct jig_index *x);
struct jig_index_dependency *jig_index_add_dependency(struct jig_index *x);

#endif

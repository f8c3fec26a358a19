/*
 * records.h - the records of the folders that were built last, kept in memory between builds.
 *
 * A record's file is read again only when it is not as this daemon left it.
 *
 * Ceilings: JIG_RECORDS_MOST records, of JIG_RECORDS_FILES inputs in all; the one that was put back
 * longest ago goes first.
 *
 * Threads: any; it locks itself. A record that was taken belongs to who holds its folder's lock.
 */
#ifndef JIG_BUILD_RECORDS_H
#define JIG_BUILD_RECORDS_H

#include "core/build/record.h"

#define JIG_RECORDS_MOST  16
#define JIG_RECORDS_FILES 600000

struct jig_records;
struct jig_records *jig_records_new(void);
void jig_records_free(struct jig_records *all);

/* The record of a folder whose lock is held, by its file. The caller puts it back, or frees it. */
struct jig_record *jig_records_take(struct jig_records *all, const char *path);
void jig_records_put_take(struct jig_records *all, const char *path, struct jig_record *r);
void jig_record_free(struct jig_record *r);

struct jig_records_stats {
    uint64_t hits;
    uint64_t misses; /* the file was read, or there was none */
    size_t entries;
};
struct jig_records_stats jig_records_stats(struct jig_records *all);

#endif

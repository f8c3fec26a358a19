/*
 * news.h - who waits for what a serial port says: a few waitlists, by the device's id.
 *
 * Devices share a list now and then; its waiters look, find nothing, and wait again.
 * Threads: any function from any thread.
 */
#ifndef JIG_SERVICE_RUN_NEWS_H
#define JIG_SERVICE_RUN_NEWS_H

#include "service/run/park.h"

#define JIG_NEWS_LISTS 16

struct jig_monitor_news {
    struct jig_waitlist lists[JIG_NEWS_LISTS];
};

void jig_monitor_news_init(struct jig_monitor_news *news, struct jig_park *park);
struct jig_waitlist *jig_monitor_news_of(struct jig_monitor_news *news, const char *device);

/* For jig_monitors_set_notify; ctx is the jig_monitor_news. */
void jig_monitor_news_wake(void *ctx, const char *device);

#endif

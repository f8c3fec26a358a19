#include "service/run/news.h"

#include <string.h>

#include "core/hash/fingerprint.h"

void jig_monitor_news_init(struct jig_monitor_news *news, struct jig_park *park)
{
    for (int i = 0; i < JIG_NEWS_LISTS; i++)
        jig_waitlist_init(&news->lists[i], park);
}

struct jig_waitlist *jig_monitor_news_of(struct jig_monitor_news *news, const char *device)
{
    return &news->lists[jig_fingerprint_of(device, strlen(device)).low % JIG_NEWS_LISTS];
}

void jig_monitor_news_wake(void *ctx, const char *device)
{
    jig_waitlist_wake(jig_monitor_news_of(ctx, device));
}

#include "core/device/trust.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/port_ops.h"
#include "core/os/portopens.h"
#include "core/os/time.h"

#define BECAUSE_MAX 256

enum state { NOTHING, BEING_WRITTEN, KNOWN };

struct subject {
    char *id;
    enum state state;
    char because[BECAUSE_MAX]; /* NOTHING: why */
    struct jig_digest image;   /* KNOWN */
    int64_t since_ms;          /* KNOWN */
    uint64_t generation;       /* of the device; BEING_WRITTEN and KNOWN, as are these: */
    char *port;
    struct jig_port_opens *opens;
    struct jig_port_opens_news news; /* not judged yet */
    bool opening;                    /* an open of ours is under way */
    unsigned own;                    /* opens of ours that are not closed */
    uint64_t used;                   /* the larger the later */
};

struct jig_trust {
    struct jig_inventory *inv;
    int epoll;
    pthread_mutex_t mu;
    struct jig_map subjects;        /* guarded by mu; id -> subject */
    uint64_t uses;                  /* guarded by mu */
    uint64_t held, unheld, revoked; /* guarded by mu */
};

static void subject_free(void *value)
{
    struct subject *s = value;
    jig_port_opens_free(s->opens);
    free(s->port);
    free(s->id);
    free(s);
}

struct jig_trust *jig_trust_new(struct jig_inventory *inv)
{
    struct jig_trust *t = jig_new(struct jig_trust);
    t->inv = inv;
    t->epoll = epoll_create1(EPOLL_CLOEXEC); /* without it watchers learn later, and no less */
    pthread_mutex_init(&t->mu, NULL);
    jig_map_init(&t->subjects, subject_free);
    return t;
}

void jig_trust_free(struct jig_trust *t)
{
    if (t == NULL)
        return;
    jig_map_release(&t->subjects);
    if (t->epoll >= 0)
        close(t->epoll);
    pthread_mutex_destroy(&t->mu);
    free(t);
}

/* ---- one subject, with mu held ---- */

/* True when it was known until now. */
JIG_PRINTF(2, 3) static bool lose(struct subject *s, const char *fmt, ...)
{
    bool known = s->state == KNOWN;
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(s->because, sizeof s->because, fmt, ap);
    va_end(ap);
    s->state = NOTHING;
    jig_port_opens_free(s->opens); /* which takes it out of the epoll set */
    s->opens = NULL;
    return known;
}

/* "another program (picocom, pid 12)", as far as it can be named. */
static void name_other(const struct subject *s, char *out, size_t size)
{
    struct jig_port_holder one;
    if (jig_port_holders(s->port, &one, 1) > 0 && one.name[0] != '\0')
        snprintf(out, size, "another program (%s, pid %ld)", one.name, (long)one.pid);
    else if (s->news.opener > 0)
        snprintf(out, size, "another program (pid %ld)", (long)s->news.opener);
    else
        snprintf(out, size, "another program");
}

/* What happened to the port of a known device. Opens of ours are taken out first. */
static bool judge(struct subject *s)
{
    char who[96];
    const struct jig_port_opens_news *news = &s->news;
    bool tells_whose = jig_port_opens_tells_whose(s->opens);
    if (tells_whose ? news->others > 0 : news->opens > 0 && !s->opening) {
        bool usb = news->beside > 0 && news->beside == news->opens;
        name_other(s, who, sizeof who);
        return lose(s, "%s opened its %s", who, usb ? "USB device" : "port");
    }
    if (news->closes > 0 && s->own == 0 && !s->opening)
        return lose(s, "another program had its port open");
    if (!s->opening)
        s->news = (struct jig_port_opens_news){0};
    return false;
}

static bool take_in(struct jig_trust *t, struct subject *s)
{
    if (s->state == NOTHING)
        return false;
    const char *why = NULL;
    uint64_t generation = jig_inventory_known_generation(t->inv, s->id, &why);
    if (generation != s->generation)
        return lose(s, "%s", why);
    jig_port_opens_drain(s->opens, &s->news);
    if (s->news.lost)
        return lose(s, "the kernel lost events about its port");
    if (s->news.gone)
        return lose(s, "its port went away");
    return s->state == KNOWN && judge(s);
}

/* Takes in what happened since the last look. True when the device was known until now. */
static bool look(struct jig_trust *t, struct subject *s)
{
    bool lost = take_in(t, s);
    t->revoked += lost;
    return lost;
}

static struct subject *find(struct jig_trust *t, const char *id)
{
    struct subject *s = jig_map_get(&t->subjects, id);
    if (s != NULL)
        s->used = ++t->uses;
    return s;
}

/* Lets the inventory take in what the system has to tell. Without mu: the inventory tells its
 * readers in this thread, and they may well ask us. */
static void let_inventory_look(struct jig_trust *t, const char *id)
{
    const char *why = NULL;
    (void)jig_inventory_generation(t->inv, id, &why);
}

/* Locks, and looks at the device, if it is in the table; else NULL. *ret_lost: it was known until
 * now. To be followed by leave(). */
static struct subject *enter(struct jig_trust *t, const char *id, bool *ret_lost)
{
    pthread_mutex_lock(&t->mu);
    const struct subject *before = jig_map_get(&t->subjects, id);
    if (before != NULL && before->state != NOTHING) {
        pthread_mutex_unlock(&t->mu);
        let_inventory_look(t, id);
        pthread_mutex_lock(&t->mu);
    }
    struct subject *s = find(t, id);
    *ret_lost = s != NULL && look(t, s);
    return s;
}

static void leave(struct jig_trust *t, const char *id, bool changed)
{
    pthread_mutex_unlock(&t->mu);
    if (changed)
        jig_inventory_tell_changed(t->inv, id);
}

/* Which has not been asked about for the longest time; it had a chance to be seen. */
static void make_room(struct jig_trust *t)
{
    struct subject *oldest = NULL;
    for (size_t i = 0; i < t->subjects.used; i++) {
        struct subject *s = t->subjects.entries[i].value;
        if (t->subjects.entries[i].key != NULL && (oldest == NULL || s->used < oldest->used))
            oldest = s;
    }
    if (oldest != NULL && t->subjects.count >= JIG_TRUST_MOST)
        jig_map_remove(&t->subjects, oldest->id);
}

static struct subject *get(struct jig_trust *t, const char *id)
{
    struct subject *s = find(t, id);
    if (s != NULL)
        return s;
    make_room(t);
    s = jig_new(struct subject);
    s->id = jig_xstrdup(id);
    s->used = ++t->uses;
    jig_map_set(&t->subjects, id, s);
    return s;
}

/* ---- being written ---- */

static void poll_it(struct jig_trust *t, struct subject *s)
{
    struct epoll_event e = {.events = EPOLLIN};
    if (t->epoll >= 0)
        (void)epoll_ctl(t->epoll, EPOLL_CTL_ADD, jig_port_opens_fd(s->opens), &e);
}

static enum jig_code watch_nodes(struct subject *s, const struct jig_device *d,
                                 struct jig_err *reterr)
{
    enum jig_code code = jig_port_opens_new(d->port, &s->opens, reterr);
    if (code == JIG_OK && d->usb_node[0] != '\0')
        code = jig_port_opens_add(s->opens, d->usb_node, reterr);
    return code == JIG_NOT_FOUND && s->opens != NULL ? JIG_OK : code; /* a system without usbfs */
}

/* Watches the device's port from now on. When that cannot be, `because` says so. */
static void watch(struct jig_trust *t, struct subject *s, const struct jig_device *d)
{
    struct jig_err err = JIG_ERR_INIT;
    if (!d->connected || d->port[0] == '\0') {
        lose(s, "it was not connected when it was written");
    } else if (!jig_inventory_has_events(t->inv) && !jig_port_is_pty(d->port)) {
        lose(s, "this system does not tell when a board is unplugged");
    } else if (watch_nodes(s, d, &err) != JIG_OK) {
        lose(s, "%s", err.message);
    } else {
        poll_it(t, s);
        s->state = BEING_WRITTEN;
        s->generation = d->generation; /* moved since, it is lost at the next look */
        free(s->port);
        s->port = jig_xstrdup(d->port);
        s->news = (struct jig_port_opens_news){0};
    }
}

void jig_trust_forget(struct jig_trust *t, const char *device_id, const char *because)
{
    struct jig_device d;
    struct jig_err err = JIG_ERR_INIT;
    enum jig_code code = jig_inventory_find(t->inv, device_id, &d, &err);
    pthread_mutex_lock(&t->mu);
    struct subject *s = get(t, device_id);
    bool was_known = lose(s, "%s", because);
    if (code == JIG_OK)
        watch(t, s, &d);
    else
        lose(s, "%s", err.message);
    if (s->state == BEING_WRITTEN)
        snprintf(s->because, sizeof s->because, "%s", because);
    leave(t, device_id, was_known);
    if (code == JIG_OK)
        jig_device_release(&d);
}

/* What speaks against remembering; NOTHING is the answer then. */
static void accept(struct subject *s)
{
    struct jig_port_holder other;
    unsigned opens = s->news.opens > s->news.others ? s->news.opens : s->news.others;
    if (opens > 1)
        lose(s,
             "its port was opened %u times while it was written, and one may have been another "
             "program's",
             opens);
    else if (s->news.is_open)
        lose(s, "a program opened its port while it was written, and has not closed it");
    else if (jig_port_holders(s->port, &other, 1) > 0)
        lose(s, "another program (%s, pid %ld) has its port open", other.name, (long)other.pid);
}

static bool remember(struct jig_trust *t, struct subject *s, const struct jig_digest *image)
{
    bool was_known = look(t, s) || s->state == KNOWN;
    if (s->state == KNOWN)
        lose(s, "its port was not watched while it was written");
    if (s->state == NOTHING && s->because[0] == '\0')
        lose(s, "its port was not watched while it was written");
    if (s->state == BEING_WRITTEN)
        accept(s);
    if (s->state == BEING_WRITTEN) { /* looking for holders takes a while */
        s->state = KNOWN;
        s->image = *image;
        s->since_ms = jig_unix_ms();
        s->news = (struct jig_port_opens_news){0}; /* what came meanwhile is the next look's */
    }
    return was_known || s->state == KNOWN;
}

void jig_trust_remember(struct jig_trust *t, const char *device_id, const struct jig_digest *image)
{
    let_inventory_look(t, device_id);
    pthread_mutex_lock(&t->mu);
    leave(t, device_id, remember(t, get(t, device_id), image));
}

/* ---- questions ---- */

static char *why_not(const struct subject *s, const struct jig_digest *image)
{
    if (s == NULL)
        return jig_xstrdup("nothing is known of it");
    if (s->state != KNOWN)
        return jig_xstrdup(s->because);
    if (s->opening)
        return jig_xstrdup("its port is being opened");
    if (image != NULL && !jig_digest_equal(&s->image, image))
        return jig_xstrdup("another image was written");
    return NULL;
}

bool jig_trust_holds(struct jig_trust *t, const char *device_id, const struct jig_digest *image,
                     char **ret_because)
{
    bool lost = false;
    char *because = why_not(enter(t, device_id, &lost), image);
    *(because == NULL ? &t->held : &t->unheld) += 1;
    leave(t, device_id, lost);
    if (because == NULL)
        return true;
    *ret_because = because;
    return false;
}

bool jig_trust_get(struct jig_trust *t, const char *device_id, struct jig_trust_info *ret)
{
    bool lost = false;
    const struct subject *s = enter(t, device_id, &lost);
    bool known = s != NULL && s->state == KNOWN;
    if (known)
        *ret = (struct jig_trust_info){s->image, s->since_ms};
    leave(t, device_id, lost);
    return known;
}

/* ---- our own opens ---- */

void jig_trust_own_open_begins(struct jig_trust *t, const char *device_id)
{
    bool lost = false;
    struct subject *s = enter(t, device_id, &lost);
    if (s != NULL)
        s->opening = true;
    leave(t, device_id, lost);
}

/* When it is not known whose the opens were: exactly one, and nobody else in sight. */
static bool was_ours(const struct subject *s, bool opened)
{
    struct jig_port_holder other;
    if (jig_port_opens_tells_whose(s->opens)) /* look() has judged the opens */
        return !opened || s->news.closes == 0 || s->own > 0;
    return s->news.opens == (opened ? 1 : 0) && s->news.closes == 0 &&
           (!opened || jig_port_holders(s->port, &other, 1) == 0);
}

void jig_trust_own_open_ended(struct jig_trust *t, const char *device_id, bool opened)
{
    bool lost = false;
    struct subject *s = enter(t, device_id, &lost);
    if (s != NULL && s->state == KNOWN) { /* so nothing is lost yet */
        if (!was_ours(s, opened))
            lost = lose(s, "another program may have opened its port at the same time as jigd");
        t->revoked += lost;
        s->news = (struct jig_port_opens_news){0};
    }
    if (s != NULL) {
        s->opening = false;
        s->own += opened ? 1 : 0;
    }
    leave(t, device_id, lost);
}

void jig_trust_own_closed(struct jig_trust *t, const char *device_id)
{
    bool lost = false;
    struct subject *s = enter(t, device_id, &lost); /* takes in the close itself */
    if (s != NULL && s->own > 0)
        s->own--;
    leave(t, device_id, lost);
}

void jig_trust_stats(struct jig_trust *t, struct jig_trust_stats *ret)
{
    pthread_mutex_lock(&t->mu);
    *ret = (struct jig_trust_stats){.held = t->held, .unheld = t->unheld, .revoked = t->revoked};
    for (size_t i = 0; i < t->subjects.used; i++) {
        const struct subject *s = t->subjects.entries[i].value;
        ret->known += t->subjects.entries[i].key != NULL && s->state == KNOWN;
    }
    pthread_mutex_unlock(&t->mu);
}

int jig_trust_fd(const struct jig_trust *t)
{
    return t->epoll;
}

void jig_trust_pump(struct jig_trust *t)
{
    struct jig_strv lost = {0};
    jig_inventory_pump(t->inv);
    pthread_mutex_lock(&t->mu);
    for (size_t i = 0; i < t->subjects.used; i++) {
        struct subject *s = t->subjects.entries[i].value;
        if (t->subjects.entries[i].key != NULL && look(t, s))
            jig_strv_append(&lost, s->id);
    }
    pthread_mutex_unlock(&t->mu);
    for (size_t i = 0; i < lost.n; i++)
        jig_inventory_tell_changed(t->inv, lost.v[i]);
    jig_strv_release(&lost);
}

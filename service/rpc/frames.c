#include "service/rpc/frames.h"

#include <stdlib.h>
#include <string.h>

#define MESSAGE 1 /* the kind of every frame */

const uint8_t jig_frames_greeting[JIG_GREETING] = {0, 'S', 'P', 0, 0, 0x31, 0, 0};
static const uint8_t peer_greeting[JIG_GREETING] = {0, 'S', 'P', 0, 0, 0x30, 0, 0};

void jig_frames_init(struct jig_frames *f, size_t payload_max)
{
    *f = (struct jig_frames){.payload_max = payload_max};
}

void jig_frames_release(struct jig_frames *f)
{
    free(f->body);
    f->body = NULL;
}

/* What is whole goes to the list. */
static void settle(struct jig_frames *f, struct jig_frame_list *list)
{
    if (f->body == NULL || f->body->got < f->body->n)
        return;
    *list->last = f->body;
    list->last = &f->body->next;
    f->body = NULL;
}

static bool begin_body(struct jig_frames *f)
{
    uint64_t n = 0;
    for (size_t i = 1; i < JIG_FRAME_HEAD; i++)
        n = n << 8 | f->head[i];
    f->head_got = 0;
    if (f->head[0] != MESSAGE || n > (uint64_t)f->payload_max + JIG_TRACE_MAX)
        return false;
    f->body = malloc(sizeof *f->body + (size_t)n);
    if (f->body == NULL)
        return false;
    f->body->next = NULL;
    f->body->n = (size_t)n;
    f->body->got = 0;
    return true;
}

/* Takes of n bytes what belongs to a greeting or a head. *ret_ok is false when that is wrong. */
static size_t take_head(struct jig_frames *f, const uint8_t *bytes, size_t n, bool *ret_ok)
{
    size_t whole = f->greeted ? JIG_FRAME_HEAD : JIG_GREETING;
    size_t take = whole - f->head_got < n ? whole - f->head_got : n;
    memcpy(f->head + f->head_got, bytes, take);
    f->head_got += take;
    *ret_ok = true;
    if (f->head_got < whole)
        return take;
    if (f->greeted) {
        *ret_ok = begin_body(f);
    } else {
        *ret_ok = memcmp(f->head, peer_greeting, JIG_GREETING) == 0;
        f->greeted = true;
        f->head_got = 0;
    }
    return take;
}

bool jig_frames_feed(struct jig_frames *f, const uint8_t *bytes, size_t n,
                     struct jig_frame_list *list)
{
    while (n > 0) {
        size_t took;
        bool ok = true;
        if (f->body == NULL) {
            took = take_head(f, bytes, n, &ok);
        } else {
            size_t left = f->body->n - f->body->got;
            took = left < n ? left : n;
            memcpy(f->body->bytes + f->body->got, bytes, took);
            f->body->got += took;
        }
        if (!ok)
            return false;
        settle(f, list);
        bytes += took;
        n -= took;
    }
    return true;
}

uint8_t *jig_frames_room(struct jig_frames *f, size_t *ret_n)
{
    if (f->body == NULL)
        return NULL;
    *ret_n = f->body->n - f->body->got;
    return f->body->bytes + f->body->got;
}

void jig_frames_filled(struct jig_frames *f, size_t n, struct jig_frame_list *list)
{
    f->body->got += n;
    settle(f, list);
}

size_t jig_frame_trace(const struct jig_frame *frame)
{
    for (size_t i = 0; i + 4 <= frame->n && i < JIG_TRACE_MAX; i += 4) {
        if ((frame->bytes[i] & 0x80) != 0)
            return i + 4;
    }
    return 0;
}

void jig_frame_put_head(uint8_t out[JIG_FRAME_HEAD], size_t n)
{
    out[0] = MESSAGE;
    for (size_t i = 1; i < JIG_FRAME_HEAD; i++)
        out[i] = (uint8_t)((uint64_t)n >> (8 * (JIG_FRAME_HEAD - 1 - i)));
}

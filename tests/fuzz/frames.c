/*
 * frames.c - fuzzes what unix sockets' bytes are cut into. The first byte says how large the pieces
 * are in which the rest comes; whatever they are, the same frames have to come of it.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/rpc/frames.h"

#define PAYLOAD_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    bool ok;
    uint64_t frames;
    uint64_t sum; /* of all that is in them */
};

static void take(struct jig_frame_list *list, struct outcome *out)
{
    while (list->first != NULL) {
        struct jig_frame *f = list->first;
        list->first = f->next;
        assert(f->got == f->n && f->n <= PAYLOAD_MAX + JIG_TRACE_MAX);
        size_t trace = jig_frame_trace(f);
        assert(trace % 4 == 0 && trace <= f->n && trace <= JIG_TRACE_MAX);
        out->frames++;
        out->sum = out->sum * 31 + trace;
        for (size_t i = 0; i < f->n; i++)
            out->sum = out->sum * 31 + f->bytes[i];
        free(f);
    }
    list->last = &list->first;
}

/* `direct`: what belongs to a body is put in its place, as the server does. */
static struct outcome cut(const uint8_t *data, size_t size, size_t piece, bool direct)
{
    struct outcome out = {.ok = true};
    struct jig_frames f;
    struct jig_frame_list list = {.last = &list.first};
    jig_frames_init(&f, PAYLOAD_MAX);
    while (size > 0 && out.ok) {
        size_t n = piece < size ? piece : size;
        size_t room = 0;
        uint8_t *to = direct ? jig_frames_room(&f, &room) : NULL;
        if (to != NULL) {
            n = n < room ? n : room;
            memcpy(to, data, n);
            jig_frames_filled(&f, n, &list);
        } else {
            out.ok = jig_frames_feed(&f, data, n, &list);
        }
        take(&list, &out);
        data += n;
        size -= n;
    }
    jig_frames_release(&f);
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct outcome whole = cut(data + 1, size - 1, SIZE_MAX, false);
    struct outcome pieces = cut(data + 1, size - 1, 1 + data[0] % 32, true);
    assert(whole.ok == pieces.ok && whole.frames == pieces.frames && whole.sum == pieces.sum);
    return 0;
}

#include "emulators/common/resample.h"

bool emu_speeds_agree(uint32_t a, uint32_t b)
{
    if (a == 0 || b == 0)
        return true;
    uint64_t apart = a > b ? a - b : b - a;
    return apart * 100 <= 4ull * b;
}

/* The line while a frame passes: its bits from the start bit on, idle (high) afterwards. Times are
 * in units in which the sender's bit lasts `to` and the receiver's lasts `from`. */
struct waveform {
    uint16_t bits;
    uint64_t sent_bit;
    uint64_t seen_bit;
};

static bool level_at(const struct waveform *w, uint64_t t)
{
    uint64_t bit = t / w->sent_bit;
    return bit > 9 || (w->bits >> bit & 1) != 0;
}

/* The first falling edge from sent bit `*bit` on; false when the line stays as it is. */
static bool next_edge(const struct waveform *w, unsigned *bit)
{
    for (; *bit < 10; (*bit)++) {
        bool before = *bit == 0 || (w->bits >> (*bit - 1) & 1) != 0;
        if (before && (w->bits >> *bit & 1) == 0)
            return true;
    }
    return false;
}

/* Half bits of the receiver after the edge: 1 is the middle of its start bit, 19 of its stop bit.
 */
static bool seen(const struct waveform *w, uint64_t edge, unsigned half_bits)
{
    return level_at(w, edge + w->seen_bit * half_bits / 2);
}

size_t emu_resample(uint8_t byte, uint32_t from, uint32_t to, struct emu_frame out[EMU_FRAMES_MAX])
{
    if (emu_speeds_agree(from, to)) {
        out[0] = (struct emu_frame){.byte = byte};
        return 1;
    }
    struct waveform w = {
        .bits = (uint16_t)(1u << 9 | (unsigned)byte << 1), .sent_bit = to, .seen_bit = from};
    size_t n = 0;
    unsigned bit = 0;
    while (n < EMU_FRAMES_MAX && next_edge(&w, &bit)) {
        uint64_t edge = bit * w.sent_bit;
        if (seen(&w, edge, 1)) { /* too short for a start bit */
            bit++;
            continue;
        }
        unsigned got = 0;
        for (unsigned i = 0; i < 8; i++)
            got |= (unsigned)seen(&w, edge, 2 * i + 3) << i;
        out[n++] = (struct emu_frame){.byte = (uint8_t)got, .framing_error = !seen(&w, edge, 19)};
        uint64_t over = (edge + w.seen_bit * 19 / 2 + w.sent_bit - 1) / w.sent_bit;
        bit = over > 10 ? 10 : (unsigned)over;
    }
    return n;
}

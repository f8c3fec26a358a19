#include "core/flash/progress.h"

#include <pthread.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/flash/failure.h"

/* What a row's capture is. */
enum gives {
    GIVES_NOTHING,
    GIVES_BAR, /* a bar of '#', fifty wide */
    GIVES_PERCENT,
    GIVES_TOTAL,   /* bytes that this phase will move */
    GIVES_WRITTEN, /* bytes that were written; several files add up */
    GIVES_VERIFIED,
};

/* Phases that a row may name besides those of flash.h. */
#define PHASE_SAME    (-1)
#define PHASE_READING (-2) /* connecting, until it writes or says that it verifies */

/* Sources: the tools' own output. avrdude 7.1 and 6.3, bossac 1.9, dfu-util 0.11, esptool 4.5,
 * openocd 0.12. POSIX extended expressions; the first row that matches a line is it. */
static const struct {
    const char *pattern;
    int phase;
    enum gives gives;
} rows[] = {
    /* avrdude */
    {"^Writing +\\| (#*)", JIG_FLASH_WRITING, GIVES_BAR},
    {"^Reading +\\| (#*)", PHASE_READING, GIVES_BAR},
    {"^Erasing +\\| (#*)", JIG_FLASH_ERASING, GIVES_BAR},
    {"^avrdude: erasing chip", JIG_FLASH_ERASING, GIVES_NOTHING},
    {"^avrdude: writing ([0-9]+) bytes flash", JIG_FLASH_WRITING, GIVES_TOTAL},
    {"^avrdude: writing flash \\(([0-9]+) bytes\\)", JIG_FLASH_WRITING, GIVES_TOTAL},
    {"^avrdude: ([0-9]+) bytes of flash written", JIG_FLASH_WRITING, GIVES_WRITTEN},
    {"^avrdude: verifying flash memory", JIG_FLASH_VERIFYING, GIVES_NOTHING},
    {"^avrdude: ([0-9]+) bytes of flash verified", JIG_FLASH_VERIFYING, GIVES_VERIFIED},
    {"^avrdude: AVR device initialized", JIG_FLASH_CONNECTING, GIVES_NOTHING},
    /* esptool */
    {"^Writing at 0x[0-9a-f]+.*\\(([0-9]+) ?%\\)", JIG_FLASH_WRITING, GIVES_PERCENT},
    {"^Wrote ([0-9]+) bytes", JIG_FLASH_WRITING, GIVES_WRITTEN},
    {"^Hash of data verified", JIG_FLASH_VERIFYING, GIVES_NOTHING},
    {"^(Flash will be erased|Erasing flash)", JIG_FLASH_ERASING, GIVES_NOTHING},
    {"^Connecting", JIG_FLASH_CONNECTING, GIVES_NOTHING},
    /* bossac */
    {"^Erase flash", JIG_FLASH_ERASING, GIVES_NOTHING},
    {"^Write ([0-9]+) bytes to flash", JIG_FLASH_WRITING, GIVES_TOTAL},
    {"^Verify ([0-9]+) bytes of flash", JIG_FLASH_VERIFYING, GIVES_TOTAL},
    {"^Verify successful", JIG_FLASH_VERIFYING, GIVES_NOTHING},
    /* dfu-util */
    {"^Erase[ \t]+\\[.*\\] +([0-9]+)%", JIG_FLASH_ERASING, GIVES_PERCENT},
    {"^Download[ \t]+\\[.*\\] +([0-9]+)%", JIG_FLASH_WRITING, GIVES_PERCENT},
    {"^Download done", JIG_FLASH_WRITING, GIVES_NOTHING},
    /* openocd */
    {"^\\*\\* Programming Started", JIG_FLASH_WRITING, GIVES_NOTHING},
    {"^wrote ([0-9]+) bytes from file", JIG_FLASH_WRITING, GIVES_WRITTEN},
    {"^\\*\\* Verify Started", JIG_FLASH_VERIFYING, GIVES_NOTHING},
    {"^verified ([0-9]+) bytes", JIG_FLASH_VERIFYING, GIVES_VERIFIED},
    /* any other, and bossac's bars: "[=====     ] 37% (12/32 pages)" */
    {"(^|[^0-9.])([0-9][0-9]?[0-9]?) ?%", PHASE_SAME, GIVES_PERCENT},
};

static regex_t compiled[JIG_COUNT(rows)];

static void compile(void)
{
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        if (regcomp(&compiled[i], rows[i].pattern, REG_EXTENDED) != 0)
            abort(); /* the table is ours */
    }
}

void jig_progress_init(struct jig_progress *p, const struct jig_flash_watcher *watcher,
                       uint64_t image_bytes)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, compile);
    static const struct jig_flash_watcher nobody = {0};
    *p = (struct jig_progress){.watcher = watcher != NULL ? watcher : &nobody,
                               .now = {.phase = JIG_FLASH_CONNECTING, .percent = -1},
                               .told = {.phase = JIG_FLASH_DONE, .percent = -2},
                               .image_bytes = image_bytes,
                               .failure = -1};
}

static void tell(struct jig_progress *p)
{
    struct jig_flash_progress *now = &p->now;
    now->bytes = now->percent >= 0 ? now->total * (unsigned)now->percent / 100 : 0;
    if (now->phase == p->told.phase && now->percent == p->told.percent &&
        now->total == p->told.total)
        return;
    p->told = *now;
    if (p->watcher->progress != NULL)
        p->watcher->progress(p->watcher->ctx, now);
}

static void enter(struct jig_progress *p, enum jig_flash_phase phase)
{
    if (p->now.phase == phase)
        return;
    bool moves = phase == JIG_FLASH_WRITING || phase == JIG_FLASH_VERIFYING;
    p->now = (struct jig_flash_progress){
        .phase = phase, .percent = -1, .total = moves ? p->image_bytes : 0};
    p->may_have_written =
        p->may_have_written || phase == JIG_FLASH_ERASING || phase == JIG_FLASH_WRITING;
    p->verifies = p->verifies || phase == JIG_FLASH_VERIFYING;
}

void jig_progress_phase(struct jig_progress *p, enum jig_flash_phase phase)
{
    enter(p, phase);
    if (phase == JIG_FLASH_DONE)
        p->now.percent = 100;
    tell(p);
}

static void take_number(struct jig_progress *p, enum gives gives, const char *text, size_t n)
{
    char digits[24] = "";
    memcpy(digits, text, n < sizeof digits ? n : sizeof digits - 1);
    uint64_t value = 0;
    if (gives == GIVES_BAR) {
        p->now.percent = n >= 50 ? 100 : (int)n * 2;
        return;
    }
    if (!jig_parse_u64(digits, &value))
        return;
    switch (gives) {
    case GIVES_PERCENT:
        p->now.percent = value <= 100 ? (int)value : p->now.percent;
        break;
    case GIVES_TOTAL:
        p->now.total = value;
        p->image_bytes = p->image_bytes == 0 ? value : p->image_bytes;
        break;
    case GIVES_WRITTEN:
        p->written += value;
        p->now.percent = 100;
        break;
    case GIVES_VERIFIED:
        p->verified += value;
        p->now.percent = 100;
        break;
    default:
        break;
    }
}

static int phase_of(const struct jig_progress *p, int phase)
{
    if (phase == PHASE_READING)
        return p->may_have_written || p->now.phase == JIG_FLASH_VERIFYING ? JIG_FLASH_VERIFYING
                                                                          : JIG_FLASH_CONNECTING;
    return phase == PHASE_SAME ? (int)p->now.phase : phase;
}

/* `ended`: numbers that add up are taken once, when the line is whole. */
static void look_at(struct jig_progress *p, const char *line, bool ended)
{
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        regmatch_t m[3];
        enum gives gives = rows[i].gives;
        if (!ended && gives != GIVES_BAR && gives != GIVES_PERCENT)
            continue;
        if (regexec(&compiled[i], line, JIG_COUNT(m), m, 0) != 0)
            continue;
        enter(p, (enum jig_flash_phase)phase_of(p, rows[i].phase));
        p->any = p->any || rows[i].phase != PHASE_SAME;
        const regmatch_t *capture = m[2].rm_so >= 0 ? &m[2] : &m[1];
        if (gives != GIVES_NOTHING && capture->rm_so >= 0)
            take_number(p, gives, line + capture->rm_so, (size_t)(capture->rm_eo - capture->rm_so));
        tell(p);
        return;
    }
}

static bool complains(const char *line)
{
    static const char *const words[] = {"error", "fail", "fatal", "cannot", "unable", "invalid"};
    for (size_t i = 0; i < JIG_COUNT(words); i++) {
        if (strcasestr(line, words[i]) != NULL)
            return true;
    }
    return false;
}

/* As much as fits, ending on a whole character. */
static void keep(char *out, size_t size, const char *line, size_t n)
{
    n = n < size - 1 ? n : size - 1;
    while (n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80)
        n--;
    memcpy(out, line, n);
    out[n] = '\0';
}

static void end_line(struct jig_progress *p, enum jig_stream stream, bool newline)
{
    struct jig_progress_line *l = &p->lines[stream == JIG_STDERR];
    l->text[l->n] = '\0';
    look_at(p, l->text, true);
    p->failure = jig_failure_match(l->text, p->failure);
    if (newline) {
        for (size_t i = 0; i < l->n;
             i++) { /* it goes into messages: text, whatever the tool sent */
            if ((unsigned char)l->text[i] < ' ' && l->text[i] != '\t')
                l->text[i] = '?';
        }
        if (!jig_utf8_valid(l->text, l->n)) {
            for (size_t i = 0; i < l->n; i++)
                l->text[i] = (unsigned char)l->text[i] < 0x80 ? l->text[i] : '?';
        }
        if (l->text[strspn(l->text, " \t")] != '\0')
            keep(complains(l->text) ? p->complaint : p->last, sizeof p->last, l->text, l->n);
        if (p->watcher->line != NULL)
            p->watcher->line(p->watcher->ctx, stream, l->text);
    }
    l->n = 0;
}

void jig_progress_feed(struct jig_progress *p, enum jig_stream stream, const char *data, size_t n)
{
    struct jig_progress_line *l = &p->lines[stream == JIG_STDERR];
    if (p->taken > JIG_PROGRESS_TAKE_MAX)
        return;
    p->taken += n;
    for (size_t i = 0; i < n; i++) {
        char c = data[i];
        if (l->returned && c != '\n' && c != '\r')
            end_line(p, stream, false);
        l->returned = c == '\r';
        if (c == '\n')
            end_line(p, stream, true);
        else if (c != '\r' && l->n < sizeof l->text - 1)
            l->text[l->n++] = c != '\0' ? c : '?';
    }
    l->text[l->n] = '\0';
    if (l->n > 0)
        look_at(p, l->text, false);
}

void jig_progress_end(struct jig_progress *p)
{
    if (p->lines[0].n > 0)
        end_line(p, JIG_STDOUT, true);
    if (p->lines[1].n > 0)
        end_line(p, JIG_STDERR, true);
}

enum jig_flash_state jig_progress_state(const struct jig_progress *p)
{
    if (!p->any)
        return JIG_FLASH_UNKNOWN;
    if (!p->may_have_written)
        return JIG_FLASH_UNTOUCHED;
    return p->written > 0 || p->now.phase == JIG_FLASH_VERIFYING ? JIG_FLASH_UNVERIFIED
                                                                 : JIG_FLASH_PARTIAL;
}

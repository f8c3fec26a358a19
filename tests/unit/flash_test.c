#include "tests/support/unit.h"

#include <pthread.h>
#include <pty.h>
#include <string.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/flash/failure.h"
#include "core/flash/flash.h"
#include "core/flash/image.h"
#include "core/flash/progress.h"
#include "core/flash/verify.h"
#include "core/os/fs.h"
#include "core/os/time.h"
#include "core/os/tty.h"

/* ---- images ---- */

static char *put(const char *folder, const char *name, const void *data, size_t n)
{
    struct jig_err err = JIG_ERR_INIT;
    char *path = jig_path_join(folder, name);
    assert_int_equal(jig_fs_write_atomic(path, data, n, 0644, &err), JIG_OK);
    return path;
}

static char *put_text(const char *folder, const char *name, const char *text)
{
    return put(folder, name, text, strlen(text));
}

static void hex_is_read(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_segments s = {0};
    static const char text[] = ":0400000001020304F2\r\n:020004000506EF\n\n"
                               ":020000040001F9\n:01FFFF00AA57\n:0400000300007E007B\n"
                               ":00000001FF\n";
    assert_int_equal(jig_ihex_parse(text, strlen(text), "x.hex", &s, &err), JIG_OK);
    assert_int_equal(jig_segments_seal(&s, &err), JIG_OK);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.bytes, 7);
    assert_int_equal(s.v[0].address, 0);
    assert_int_equal(s.v[0].n, 6);
    assert_memory_equal(s.v[0].data, "\1\2\3\4\5\6", 6);
    assert_int_equal(s.v[1].address, 0x1ffff);
    jig_segments_release(&s);
}

/* In whatever order the records come, and however often the image passes through. */
static void hex_is_written_as_it_was(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_segments s = {0};
    uint8_t block[40];
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (uint8_t)i;
    for (uint32_t i = 4; i-- > 0;) /* from the back to the front, across 64 KiB */
        assert_int_equal(jig_segments_add(&s, 0xfff0 + 10 * i, block + 10 * i, 10, "test", &err),
                         JIG_OK);
    assert_int_equal(jig_segments_seal(&s, &err), JIG_OK);
    assert_int_equal(s.n, 1);
    struct jig_buf text;
    jig_buf_init(&text, 4096);
    jig_ihex_write(&s, &text);
    assert_string_equal(text.data, ":10FFF000000102030405060708090A0B0C0D0E0F89\n"
                                   ":020000040001F9\n"
                                   ":10000000101112131415161718191A1B1C1D1E1F78\n"
                                   ":080010002021222324252627CC\n"
                                   ":00000001FF\n");
    jig_buf_release(&text);
    jig_segments_release(&s);
}

static void hex_segments_wrap_at_64k(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_segments s = {0};
    /* 0x10000 as a segment's base, four bytes from offset 0xfffe: two of them are at its start. */
    static const char text[] = ":020000021000EC\n:04FFFE0001020304F5\n:00000001FF\n";
    assert_int_equal(jig_ihex_parse(text, strlen(text), "x", &s, &err), JIG_OK);
    assert_int_equal(jig_segments_seal(&s, &err), JIG_OK);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.v[0].address, 0x10000);
    assert_memory_equal(s.v[0].data, "\3\4", 2);
    assert_int_equal(s.v[1].address, 0x1fffe);
    jig_segments_release(&s);
}

static void bad_hex_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum jig_code code;
        const char *says;
    } bad[] = {
        {"", JIG_INVALID_ARGUMENT, "end record is missing"},
        {":0400000001020304F2\n", JIG_INVALID_ARGUMENT, "end record is missing"},
        {"hello\n", JIG_INVALID_ARGUMENT, "line 1: does not begin with ':'"},
        {":0400000001020304F3\n", JIG_INVALID_ARGUMENT, "line 1: has a wrong checksum"},
        {":04000000010203F2\n", JIG_INVALID_ARGUMENT, "line 1: has a wrong length"},
        {":0G000001FF\n", JIG_INVALID_ARGUMENT, "line 1: has a character"},
        {":00000006FA\n", JIG_INVALID_ARGUMENT, "line 1: has the unknown type 6"},
        {":0100000400FB\n", JIG_INVALID_ARGUMENT, "line 1: has a wrong length for its type"},
        {":00000001FF\n:00000001FF\n", JIG_INVALID_ARGUMENT, "line 2: comes after the end"},
        {":02000004FFFFFC\n:02FFFF000102FD\n:00000001FF\n", JIG_OUT_OF_RANGE, "line 2"},
    };
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        struct jig_err err = JIG_ERR_INIT;
        struct jig_segments s = {0};
        assert_int_equal(jig_ihex_parse(bad[i].text, strlen(bad[i].text), "x", &s, &err),
                         bad[i].code);
        if (strstr(err.message, bad[i].says) == NULL)
            fail_msg("'%s' says: %s", bad[i].text, err.message);
        jig_segments_release(&s);
    }
}

static void parts_become_one_image(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    char block[300];
    memset(block, 0x5a, sizeof block);
    JIG_CLEANUP_FREE char *bin = put(*state, "a.bin", block, sizeof block);
    JIG_CLEANUP_FREE char *hex = put_text(*state, "b.hex", ":0400000001020304F2\n:00000001FF\n");
    JIG_CLEANUP_FREE char *out = jig_path_join(*state, "out.hex");
    struct jig_image_part parts[] = {{.offset = 0xff00, .path = bin},
                                     {.offset = 0x20, .path = hex}}; /* moved by its offset */
    uint64_t bytes = 0;
    assert_int_equal(jig_image_merge(parts, 2, 0x20000, out, &bytes, &err), JIG_OK);
    assert_int_equal(bytes, 304);
    struct jig_segments s;
    struct jig_image_part merged = {.path = out};
    assert_int_equal(jig_image_load(&merged, 1, 0, &s, &err), JIG_OK);
    assert_int_equal(s.n, 2);
    assert_int_equal(s.v[0].address, 0x20);
    assert_int_equal(s.v[1].address, 0xff00);
    assert_int_equal(s.v[1].n, 300); /* across 64 KiB */
    assert_memory_equal(s.v[1].data, block, 300);
    jig_segments_release(&s);
}

/* A copy is read, and the file that it is of is named. */
static void parts_that_are_copies(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_segments s;
    JIG_CLEANUP_FREE char *copy = put(*state, "copy", "abc", 3);
    JIG_CLEANUP_FREE char *elf = put(*state, "elf", "\177ELF", 4);
    struct jig_image_part part = {.path = "/gone/firmware.bin", .copy = copy};
    assert_int_equal(jig_image_load(&part, 1, 0, &s, &err), JIG_OK);
    assert_memory_equal(s.v[0].data, "abc", 3);
    jig_segments_release(&s);
    part.copy = elf;
    assert_int_equal(jig_image_load(&part, 1, 0, &s, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "/gone/firmware.bin is an ELF file"));
    part = (struct jig_image_part){.path = copy};
    assert_int_equal(jig_image_load(&part, 1, 2, &s, &err), JIG_OUT_OF_RANGE);
    assert_non_null(strstr(err.message, "1 bytes past"));
    assert_true(err.hint[0] != '\0');
}

static void images_that_cannot_be_are_refused(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *a = put_text(*state, "a.bin", "0123456789");
    JIG_CLEANUP_FREE char *b = put_text(*state, "b.bin", "xyz");
    JIG_CLEANUP_FREE char *elf = put_text(*state, "c.elf", "\177ELF...");
    JIG_CLEANUP_FREE char *empty = put_text(*state, "empty.bin", "");
    JIG_CLEANUP_FREE char *missing = jig_path_join(*state, "nothing.bin");
    struct {
        struct jig_image_part parts[2];
        size_t n;
        enum jig_code code;
        const char *says[2];
    } bad[] = {
        {{{0, a}, {9, b}}, 2, JIG_INVALID_ARGUMENT, {"a.bin", "b.bin"}},
        {{{0, a}, {0, a}}, 2, JIG_INVALID_ARGUMENT, {"a.bin", "0x0"}},
        {{{95, a}}, 1, JIG_OUT_OF_RANGE, {"5 bytes past", "100"}},
        {{{UINT32_MAX, a}}, 1, JIG_OUT_OF_RANGE, {"a.bin", "32-bit"}},
        {{{UINT64_MAX, a}}, 1, JIG_OUT_OF_RANGE, {"a.bin", "32-bit"}},
        {{{0, elf}}, 1, JIG_INVALID_ARGUMENT, {"c.elf", "ELF"}},
        {{{0, empty}}, 1, JIG_INVALID_ARGUMENT, {"empty.bin", "empty"}},
        {{{0, missing}}, 1, JIG_NOT_FOUND, {"nothing.bin", ""}},
        {{{0, *state}}, 1, JIG_INVALID_ARGUMENT, {"", ""}},
        {{{0, a}}, 0, JIG_INVALID_ARGUMENT, {"1 to 64", ""}},
    };
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        struct jig_segments s;
        assert_int_equal(jig_image_load(bad[i].parts, bad[i].n, 100, &s, &err), bad[i].code);
        for (int k = 0; k < 2; k++) {
            if (strstr(err.message, bad[i].says[k]) == NULL)
                fail_msg("case %zu says: %s", i, err.message);
        }
    }
}

static void part_arguments(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_image_part p;
    assert_int_equal(jig_image_part_parse("0x1000:a:b.bin", &p, &err), JIG_OK);
    assert_int_equal(p.offset, 0x1000);
    assert_string_equal(p.path, "a:b.bin");
    assert_int_equal(jig_image_part_parse("16:x", &p, &err), JIG_OK);
    assert_int_equal(p.offset, 16);
    static const char *const bad[] = {"x.bin", ":x.bin", "1:", "-1:x", "0x:x", "1 :x"};
    for (size_t i = 0; i < JIG_COUNT(bad); i++) {
        assert_int_equal(jig_image_part_parse(bad[i], &p, &err), JIG_INVALID_ARGUMENT);
        assert_int_equal(err.reason, JIG_REASON_USAGE);
    }
}

/* ---- progress ---- */

struct heard {
    struct jig_buf story; /* "writing 50%;..." */
    struct jig_buf lines;
    void (*at_writing)(void *ctx);
    void *ctx;
    bool done;
};

static void hear_progress(void *ctx, const struct jig_flash_progress *p)
{
    struct heard *h = ctx;
    jig_buf_printf(&h->story, "%s %d%% %llu/%llu;", jig_flash_phase_name(p->phase), p->percent,
                   (unsigned long long)p->bytes, (unsigned long long)p->total);
    if (p->phase == JIG_FLASH_WRITING && p->percent > 0 && h->at_writing != NULL && !h->done) {
        h->done = true;
        h->at_writing(h->ctx);
    }
}

static void hear_line(void *ctx, enum jig_stream stream, const char *text)
{
    struct heard *h = ctx;
    jig_buf_printf(&h->lines, "%d %s\n", stream, text);
}

static struct jig_flash_watcher listen_to(struct heard *h)
{
    jig_buf_init(&h->story, 1 << 20);
    jig_buf_init(&h->lines, 8 << 20);
    return (struct jig_flash_watcher){.progress = hear_progress, .line = hear_line, .ctx = h};
}

static void forget(struct heard *h)
{
    jig_buf_release(&h->story);
    jig_buf_release(&h->lines);
}

/* avrdude 7.1's own words, shortened bars aside: as it flashed 3,000 bytes to an Uno. */
static const char avrdude_says[] =
    "\n"
    "avrdude: AVR device initialized and ready to accept instructions\n"
    "avrdude: device signature = 0x1e950f (probably m328p)\n"
    "avrdude: reading input file x.hex for flash\n"
    "         with 3000 bytes in 1 section within [0, 0xbb7]\n"
    "avrdude: writing 3000 bytes flash ...\n"
    "\n"
    "Writing | ################################################## | 100% 0.18s\n"
    "\n"
    "avrdude: 3000 bytes of flash written\n"
    "avrdude: verifying flash memory against x.hex\n"
    "\n"
    "Reading | ################################################## | 100% 0.31s\n"
    "\n"
    "avrdude: 3000 bytes of flash verified\n"
    "\n"
    "avrdude done.  Thank you.\n";

static void avrdude_is_understood_however_it_comes(void **state)
{
    (void)state;
    for (size_t chunk = 1; chunk < 200; chunk = chunk * 3 + 1) {
        struct heard h = {0};
        struct jig_flash_watcher w = listen_to(&h);
        struct jig_progress p;
        jig_progress_init(&p, &w, 0);
        size_t n = strlen(avrdude_says);
        for (size_t at = 0; at < n; at += chunk)
            jig_progress_feed(&p, JIG_STDERR, avrdude_says + at, at + chunk < n ? chunk : n - at);
        jig_progress_end(&p);
        assert_int_equal(p.written, 3000);
        assert_int_equal(p.verified, 3000);
        assert_int_equal(jig_progress_state(&p), JIG_FLASH_UNVERIFIED);
        assert_non_null(strstr(h.story.data, "connecting"));
        assert_non_null(strstr(h.story.data, "writing 100% 3000/3000;"));
        assert_non_null(strstr(h.story.data, "verifying 100% 3000/3000;"));
        assert_null(strstr(strstr(h.story.data, "verifying"), "writing"));
        if (chunk == 1) /* every step of the bar is told */
            assert_non_null(strstr(h.story.data, "writing 2% 60/3000;writing 4% 120/3000;"));
        assert_non_null(strstr(h.lines.data, "2 avrdude: 3000 bytes of flash written\n"));
        forget(&h);
    }
}

static void other_tools_are_understood(void **state)
{
    (void)state;
    static const struct {
        const char *says;
        const char *story;
    } tools[] = {
        {"Connecting....\nErasing flash (this may take a while)...\n"
         "Writing at 0x00010000... (12 %)\rWriting at 0x00014000... (100 %)\n"
         "Wrote 300000 bytes (160000 compressed) at 0x00010000 in 4.0 seconds...\n"
         "Hash of data verified.\n",
         "connecting -1% 0/0;erasing -1% 0/0;writing 12% 0/0;writing 100% 0/0;verifying -1% 0/0;"},
        {"Erase flash\n\nWrite 2000 bytes to flash (8 pages)\n"
         "[==========          ] 50% (4/8 pages)\r[====================] 100% (8/8 pages)\n"
         "Verify 2000 bytes of flash\n[====================] 100% (8/8 pages)\n",
         "erasing -1% 0/0;writing -1% 0/2000;writing 50% 1000/2000;writing 100% 2000/2000;"
         "verifying -1% 0/2000;verifying 100% 2000/2000;"},
        {"Erase\t[=====     ]  50%\rDownload\t[==        ]  20%\n",
         "erasing 50% 0/0;writing 20% 0/0;"},
        {"unknown tool: 40% done\n", "connecting 40% 0/0;"},
    };
    for (size_t i = 0; i < JIG_COUNT(tools); i++) {
        struct heard h = {0};
        struct jig_flash_watcher w = listen_to(&h);
        struct jig_progress p;
        jig_progress_init(&p, &w, 0);
        jig_progress_feed(&p, JIG_STDOUT, tools[i].says, strlen(tools[i].says));
        jig_progress_end(&p);
        assert_string_equal(h.story.data, tools[i].story);
        forget(&h);
    }
}

static void odd_output_stays_text(void **state)
{
    (void)state;
    struct heard h = {0};
    struct jig_flash_watcher w = listen_to(&h);
    struct jig_progress p;
    jig_progress_init(&p, &w, 0);
    jig_progress_feed(&p, JIG_STDOUT, "a\0b\xff\x1b[0m", 8);
    char *much = jig_xcalloc(1, 100000);
    memset(much, 'x', 99999);
    jig_progress_feed(&p, JIG_STDERR, much, 99999); /* one line without an end */
    free(much);
    jig_progress_end(&p);
    assert_true(jig_utf8_valid(h.lines.data, h.lines.len));
    assert_true(h.lines.len < 3000);
    assert_int_equal(jig_progress_state(&p), JIG_FLASH_UNKNOWN);
    forget(&h);
}

/* ---- running tools ---- */

struct bench {
    char *folder;
    char *script;
    int master;
    char port[64];
    struct jig_flash_request request;
    struct jig_flash_result result;
    struct heard heard;
    struct jig_err err;
};

static enum jig_code command(void *ctx, const char *port, struct jig_strv *argv,
                             struct jig_err *reterr)
{
    struct bench *b = ctx;
    (void)reterr;
    jig_strv_append(argv, b->script);
    jig_strv_append(argv, port);
    return JIG_OK;
}

static int setup(void **state)
{
    void *folder = NULL;
    if (unit_folder_setup(&folder) != 0)
        return -1;
    struct bench *b = jig_new(struct bench);
    b->folder = folder;
    b->script = jig_path_join(folder, "tool");
    int slave = -1;
    if (openpty(&b->master, &slave, b->port, NULL, NULL) != 0)
        return -1;
    close(slave);
    b->request = (struct jig_flash_request){.device = "bench",
                                            .port = b->port,
                                            .command = command,
                                            .command_ctx = b,
                                            .image_bytes = 3000};
    jig_flash_result_init(&b->result);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    struct bench *b = *state;
    void *folder = b->folder;
    if (b->master >= 0)
        close(b->master);
    jig_flash_result_release(&b->result);
    forget(&b->heard);
    free(b->script);
    free(b);
    return unit_folder_teardown(&folder);
}

static void put_tool(const struct bench *b, const char *script)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *text = jig_strf("#!/bin/sh\n%s\n", script);
    assert_int_equal(jig_fs_write_atomic(b->script, text, strlen(text), 0755, &err), JIG_OK);
}

static enum jig_code flash_until(struct bench *b, const char *script, const struct jig_until *until)
{
    put_tool(b, script);
    void (*at_writing)(void *) = b->heard.at_writing;
    void *ctx = b->heard.ctx;
    struct jig_flash_watcher w = listen_to(&b->heard);
    b->heard.at_writing = at_writing;
    b->heard.ctx = ctx;
    jig_err_clear(&b->err);
    return jig_flash(jig_flasher_find("tool"), &b->request, &w, until, &b->result, &b->err);
}

static enum jig_code flash(struct bench *b, const char *script)
{
    struct jig_until forever = JIG_UNTIL_FOREVER;
    return flash_until(b, script, &forever);
}

static void says(const struct bench *b, const char *words)
{
    if (strstr(b->err.message, words) == NULL)
        fail_msg("'%s' is not in: %s", words, b->err.message);
}

static void a_tool_that_works(void **state)
{
    struct bench *b = *state;
    JIG_CLEANUP_FREE char *script =
        jig_strf("cat >&2 <<'END'\n%sEND\necho \"port $1\"", avrdude_says);
    assert_int_equal(flash(b, script), JIG_OK);
    assert_int_equal(b->result.bytes_written, 3000);
    assert_int_equal(b->result.bytes_verified, 3000);
    assert_int_equal(b->result.state, JIG_FLASH_COMPLETE);
    assert_string_equal(b->result.port, b->port);
    JIG_CLEANUP_FREE char *line = jig_strf("1 port %s\n", b->port);
    assert_non_null(strstr(b->heard.lines.data, line));
    assert_non_null(strstr(b->result.log.data, "3000 bytes of flash verified"));
    assert_true(jig_str_ends(b->heard.story.data, "done 100% 0/0;"));
    assert_null(jig_flasher_find("magic"));
}

static void a_flood_on_stderr_is_cut_and_does_no_harm(void **state)
{
    struct bench *b = *state;
    assert_int_equal(flash(b, "head -c 9000000 /dev/zero | tr '\\0' 'y' >&2; echo; echo end"),
                     JIG_OK);
    assert_true(b->result.log.len < JIG_FLASH_LOG_MAX);
    assert_non_null(strstr(b->result.log.data, "is not kept"));
}

static void failures_are_told_apart(void **state)
{
    struct bench *b = *state;
    static const char writing[] = "avrdude: AVR device initialized\\navrdude: writing 3000 bytes "
                                  "flash ...\\nWriting | ##########";
    static const char written[] = "avrdude: writing 3000 bytes flash ...\\n"
                                  "avrdude: 3000 bytes of flash written\\n";
    static const char connected[] = "avrdude: AVR device initialized\\n";
    static const struct {
        const char *first;
        const char *then;
        enum jig_code code;
        const char *words;
        enum jig_flash_state state;
    } cases[] = {
        {"", "avrdude warning: attempt 10 of 10: not in sync: resp=0x00", JIG_UNAVAILABLE,
         "the bootloader of the board did not answer", JIG_FLASH_UNKNOWN},
        {"",
         "avrdude OS error: cannot open port /dev/x: Permission denied\\navrdude error: unable "
         "to open programmer arduino on port /dev/x",
         JIG_PERMISSION_DENIED, "may not open the port", JIG_FLASH_UNKNOWN},
        {connected, "avrdude error: expected signature for ATmega2560 is 1E 98 01",
         JIG_FAILED_PRECONDITION, "nothing was written", JIG_FLASH_UNTOUCHED},
        {writing, "\\navrdude error: something odd", JIG_UNKNOWN,
         "something odd; the board holds a part of the new image", JIG_FLASH_PARTIAL},
        {written, "avrdude error: verification mismatch", JIG_DATA_LOSS,
         "what was read back differs from what was written", JIG_FLASH_UNVERIFIED},
        {"", "A fatal error occurred: Failed to connect to ESP32: No serial data", JIG_UNAVAILABLE,
         "the bootloader of the board did not answer", JIG_FLASH_UNKNOWN},
        {"", "just this", JIG_UNKNOWN, "just this", JIG_FLASH_UNKNOWN},
        {"", "", JIG_UNKNOWN, "did not say why", JIG_FLASH_UNKNOWN},
    };
    for (size_t i = 0; i < JIG_COUNT(cases); i++) {
        JIG_CLEANUP_FREE char *script =
            jig_strf("printf '%s%s\\n' >&2; exit 1", cases[i].first, cases[i].then);
        assert_int_equal(flash(b, script), cases[i].code);
        assert_int_equal(b->err.reason, JIG_REASON_DEPLOY_FAILED);
        says(b, cases[i].words);
        says(b, "bench");
        assert_int_equal(b->result.state, cases[i].state);
        forget(&b->heard);
        jig_flash_result_release(&b->result);
        jig_flash_result_init(&b->result);
    }
}

/* ---- comparing ---- */

static void words_that_compare(void **state)
{
    (void)state;
    static const struct {
        const char *upload; /* words, by blanks */
        const char *verify; /* NULL: there are none */
    } rows[] = {
        {"/usr/bin/avrdude -C/etc/avrdude.conf -v -patmega328p -carduino -P/dev/ttyUSB0 -b115200 "
         "-D -Uflash:w:/b/Blink.ino.hex:i",
         "/usr/bin/avrdude -C/etc/avrdude.conf -v -patmega328p -carduino -P/dev/ttyUSB0 -b115200 "
         "-D -Uflash:v:/b/Blink.ino.hex:i"},
        {"avrdude -U flash:w:C:w:x.hex:i", "avrdude -U flash:v:C:w:x.hex:i"},
        {"avrdude -D -V -Uflash:w:a:i -Ueeprom:w:b:i",
         "avrdude -D -V -Uflash:v:a:i -Ueeprom:v:b:i"},
        {"avrdude -e -Uflash:w:a:i", NULL},       /* it erases */
        {"avrdude -vDe -Uflash:w:a:i", NULL},     /* so it does here */
        {"avrdude -t -Uflash:w:a:i", NULL},       /* who knows */
        {"avrdude -Ua.hex", NULL},                /* writes flash, unsaid */
        {"avrdude -U a.hex -Uflash:w:a:i", NULL}, /* the first of them does */
        {"avrdude -Uflash,eeprom:w:a:i -Uflash:w:a:i", NULL},
        {"avrdude -Uflash:r:a:i", NULL}, /* writes a file of ours */
        {"avrdude -Uflash:w:a:i -U", NULL},
        {"avrdude -v", NULL},
        {"bossac -e -w -v Blink.bin -R", NULL}, /* a tool of which nothing is known */
        {"avrdude", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct jig_strv upload = {0};
        struct jig_strv verify = {0};
        if (rows[i].upload[0] != '\0')
            jig_str_split(rows[i].upload, " ", false, &upload);
        bool can = jig_verify_words(&upload, &verify);
        JIG_CLEANUP_FREE char *words = jig_strv_join(&verify, " ");
        if (can != (rows[i].verify != NULL) || !jig_streq(words, can ? rows[i].verify : ""))
            fail_msg("'%s' becomes '%s'", rows[i].upload, words);
        jig_strv_release(&upload);
        jig_strv_release(&verify);
    }
}

/* avrdude 7.1's own words, as it compared 3,000 bytes. */
#define COMPARES                                                                                   \
    "avrdude: AVR device initialized and ready to accept instructions\n"                           \
    "avrdude: verifying flash memory against x.hex\n"                                              \
    "Reading | ################################################## | 100% 0.31s\n\n"

static enum jig_code avrdude_command(void *ctx, const char *port, struct jig_strv *argv,
                                     struct jig_err *reterr)
{
    enum jig_code code = command(ctx, port, argv, reterr);
    jig_strv_append(argv, "-Uflash:w:x.hex:i");
    return code;
}

/* Runs a tool called avrdude; *ret_same is what it found. */
static enum jig_code verify(struct bench *b, const char *script, bool *ret_same)
{
    struct jig_until forever = JIG_UNTIL_FOREVER;
    free(b->script);
    b->script = jig_path_join(b->folder, "avrdude");
    put_tool(b, script);
    b->request.command = avrdude_command;
    forget(&b->heard);
    struct jig_flash_watcher w = listen_to(&b->heard);
    jig_flash_result_release(&b->result);
    jig_flash_result_init(&b->result);
    jig_err_clear(&b->err);
    return jig_flash_verify(jig_flasher_find("tool"), &b->request, &w, &forever, &b->result,
                            ret_same, &b->err);
}

static void a_board_is_compared_and_left_alone(void **state)
{
    struct bench *b = *state;
    bool same = false;
    assert_int_equal(verify(b,
                            "test \"$2\" = -Uflash:v:x.hex:i || exit 9; cat <<'END'\n" COMPARES
                            "avrdude: 3000 bytes of flash verified\nEND",
                            &same),
                     JIG_OK);
    assert_true(same);
    assert_int_equal(b->result.bytes_written, 0);
    assert_int_equal(b->result.bytes_verified, 3000);
    assert_int_equal(b->result.state, JIG_FLASH_COMPLETE);
    assert_string_equal(b->heard.story.data, "connecting -1% 0/0;verifying -1% 0/3000;"
                                             "verifying 100% 3000/3000;done 100% 0/0;");
    assert_int_equal(verify(b,
                            "cat <<'END'\n" COMPARES
                            "avrdude do_op() error: verification mismatch\nEND\nexit 1",
                            &same),
                     JIG_OK);
    assert_false(same);
    assert_int_equal(b->result.state, JIG_FLASH_UNTOUCHED);
    assert_int_equal(b->result.bytes_written, 0);
    assert_null(strstr(b->heard.story.data, "done"));
}

/* A comparison that was not made is no answer, and one that cannot be made touches nothing. */
static void comparisons_that_fail(void **state)
{
    struct bench *b = *state;
    bool same = true;
    assert_int_equal(verify(b, "echo 'avrdude warning: not in sync: resp=0x00'; exit 1", &same),
                     JIG_UNAVAILABLE);
    says(b, "the bootloader of the board did not answer");
    assert_int_equal(verify(b, "exit 1", &same), JIG_UNKNOWN);
    assert_true(same); /* not set */
    b->request.port = "/dev/pts/gone";
    free(b->script);
    b->script = jig_path_join(b->folder, "tool"); /* of another name: nothing is known of it */
    b->request.command = command;
    struct jig_until forever = JIG_UNTIL_FOREVER;
    assert_int_equal(jig_flash_verify(jig_flasher_find("tool"), &b->request, NULL, &forever,
                                      &b->result, &same, &b->err),
                     JIG_UNIMPLEMENTED);
}

static void unplug(void *ctx)
{
    struct bench *b = ctx;
    close(b->master);
    b->master = -1;
}

static const char spinner[] = "trap '' TERM; exec 5<\"$1\"\n"
                              "printf 'avrdude: writing 3000 bytes flash ...\\nWriting | ##' >&2\n"
                              "while :; do :; done";

/* avrdude 7.1 does just that: it spins for ever when its port dies. */
static void a_tool_that_spins_on_a_dead_port_is_ended(void **state)
{
    struct bench *b = *state;
    b->heard.at_writing = unplug;
    b->heard.ctx = b;
    assert_int_equal(flash(b, spinner), JIG_UNAVAILABLE);
    assert_int_equal(b->err.reason, JIG_REASON_DEPLOY_FAILED);
    says(b, b->port);
    says(b, "went away");
    says(b, "a part of the new image");
    assert_int_equal(b->result.state, JIG_FLASH_PARTIAL);
}

/* A tool that gives up by itself is judged by what it said, and by the port that is not there. */
static void a_tool_that_fails_on_a_dead_port(void **state)
{
    struct bench *b = *state;
    b->heard.at_writing = unplug;
    b->heard.ctx = b;
    assert_int_equal(flash(b, "exec 5<\"$1\"; printf 'avrdude: writing 3000 bytes flash ...\\n"
                              "Writing | ##' >&2; cat <&5; exit 1"),
                     JIG_UNAVAILABLE);
    says(b, "went away");
    assert_int_equal(b->result.state, JIG_FLASH_PARTIAL);
}

static void fire(void *ctx)
{
    jig_cancel_fire(ctx);
}

static void cancel_ends_the_tool_and_leaves_the_port_closed(void **state)
{
    struct bench *b = *state;
    struct jig_cancel cancel;
    assert_int_equal(jig_cancel_init(&cancel, &b->err), JIG_OK);
    struct jig_until until = {&cancel, JIG_NO_DEADLINE};
    b->heard.at_writing = fire;
    b->heard.ctx = &cancel;
    assert_int_equal(flash_until(b,
                                 "exec 5<\"$1\"; tail -f /dev/null & printf 'avrdude: writing "
                                 "3000 bytes flash ...\\nWriting | ##' >&2; wait",
                                 &until),
                     JIG_CANCELLED);
    says(b, "a part of the new image");
    assert_int_equal(b->result.state, JIG_FLASH_PARTIAL);
    assert_string_equal(b->result.port, b->port);
    assert_null(jig_port_holders_text(b->port)); /* not the shell, nor its child */
    jig_cancel_release(&cancel);
}

static void every_tool_has_a_deadline(void **state)
{
    struct bench *b = *state;
    b->request.tool_ms = 20;
    assert_int_equal(flash(b, "exec tail -f /dev/null"), JIG_DEADLINE_EXCEEDED);
    assert_int_equal(b->err.reason, JIG_REASON_DEPLOY_FAILED);
    says(b, "20 ms");
    forget(&b->heard);
    struct jig_until past = {.deadline_ns = jig_now_ns()};
    b->request.tool_ms = 0;
    assert_int_equal(flash_until(b, "exec tail -f /dev/null", &past), JIG_DEADLINE_EXCEEDED);
    assert_int_equal(b->err.reason, JIG_REASON_NONE); /* the caller's own time was up */
}

static void heard_ready(void *ctx, enum jig_stream stream, const char *data, size_t n)
{
    (void)stream;
    (void)data;
    if (n > 0)
        jig_cancel_fire(ctx);
}

static void ports_that_cannot_be_had(void **state)
{
    struct bench *b = *state;
    struct jig_cancel ready;
    assert_int_equal(jig_cancel_init(&ready, &b->err), JIG_OK);
    char *argv[] = {"sh", "-c", "exec 5<>\"$0\"; echo ready; read x", b->port, NULL};
    struct jig_proc_spec spec = {
        .argv = argv, .output = heard_ready, .ctx = &ready, .stdin_pipe = true};
    struct jig_proc *holder = NULL;
    assert_int_equal(jig_proc_start(&spec, &holder, &b->err), JIG_OK);
    struct jig_until until = {&ready, JIG_NO_DEADLINE};
    bool exited = false;
    assert_int_equal(jig_proc_wait_or(holder, -1, &until, &exited, &b->err), JIG_CANCELLED);
    JIG_CLEANUP_FREE char *text = jig_port_holders_text(b->port);
    assert_non_null(text);
    assert_int_equal(flash(b, "echo not reached; exit 1"), JIG_ABORTED);
    assert_int_equal(b->err.reason, JIG_REASON_BUSY);
    says(b, text);
    assert_int_equal(b->result.state, JIG_FLASH_UNTOUCHED);
    assert_int_equal(b->result.log.len, 0);
    jig_proc_free(holder);
    jig_cancel_release(&ready);
    forget(&b->heard);
    b->request.port = "/dev/ttyNONE7";
    assert_int_equal(flash(b, "exit 0"), JIG_NOT_FOUND);
    forget(&b->heard);
    b->request.port = "";
    assert_int_equal(flash(b, "exit 0"), JIG_FAILED_PRECONDITION);
}

/* ---- the 1200-baud touch ---- */

struct leaver {
    struct bench *b;
    struct jig_inventory *inv;
    char *link;
    int closes;     /* inotify on the port */
    int bootloader; /* master of the port that comes */
    char bootloader_port[64];
    bool at_1200;
};

/* The board: sees its port closed after 1200 baud, and comes back elsewhere. */
static void *leave_when_touched(void *arg)
{
    struct leaver *l = arg;
    char event[sizeof(struct inotify_event) + 256];
    if (read(l->closes, event, sizeof event) <= 0)
        return NULL;
    struct termios t;
    tcgetattr(l->b->master, &t);
    l->at_1200 = cfgetospeed(&t) == B1200;
    int slave = -1;
    if (openpty(&l->bootloader, &slave, l->bootloader_port, NULL, NULL) != 0)
        return NULL;
    close(slave);
    JIG_CLEANUP_FREE char *beside = jig_strf("%s.new", l->link);
    if (symlink(l->bootloader_port, beside) != 0 || jig_fs_rename(beside, l->link, NULL) != JIG_OK)
        return NULL;
    return jig_inventory_refresh(l->inv, NULL) == JIG_OK ? l : NULL;
}

static void a_touched_board_is_flashed_where_it_comes_back(void **state)
{
    struct bench *b = *state;
    struct leaver l = {.b = b, .link = jig_path_join(b->folder, "board"), .bootloader = -1};
    assert_int_equal(symlink(b->port, l.link), 0);
    assert_int_equal(jig_inventory_new(NULL, &l.inv, &b->err), JIG_OK);
    struct jig_device_config config = {.name = "bench", .port = l.link};
    assert_int_equal(jig_inventory_configure(l.inv, &config, 1, &b->err), JIG_OK);
    b->request.inventory = l.inv;
    b->request.use_1200bps_touch = true;
    b->request.wait_for_upload_port = true;
    l.closes = inotify_init1(IN_CLOEXEC);
    assert_true(inotify_add_watch(l.closes, b->port, IN_CLOSE_WRITE) >= 0);
    pthread_t thread;
    pthread_create(&thread, NULL, leave_when_touched, &l);
    assert_int_equal(flash(b, "echo \"at $1\""), JIG_OK);
    void *result = NULL;
    pthread_join(thread, &result);
    assert_ptr_equal(result, &l);
    assert_true(l.at_1200);
    JIG_CLEANUP_FREE char *line = jig_strf("1 at %s\n", l.bootloader_port);
    assert_string_equal(b->heard.lines.data, line);
    assert_true(jig_str_starts(b->heard.story.data, "touching"));
    assert_string_equal(b->result.port, l.bootloader_port); /* the port after the flash */
    jig_inventory_free(l.inv);
    close(l.bootloader);
    close(l.closes);
    free(l.link);
}

static void a_board_in_its_bootloader_is_flashed_where_it_is(void **state)
{
    struct bench *b = *state;
    struct jig_inventory *inv = NULL;
    assert_int_equal(jig_inventory_new(NULL, &inv, &b->err), JIG_OK);
    b->request.inventory = inv;
    b->request.use_1200bps_touch = true;
    b->request.wait_for_upload_port = true;
    b->request.port_wait_ms = 10; /* nothing will come */
    assert_int_equal(flash(b, "echo \"at $1\""), JIG_OK);
    JIG_CLEANUP_FREE char *line = jig_strf("1 at %s\n", b->port);
    assert_string_equal(b->heard.lines.data, line);
    jig_inventory_free(inv);
}

#define IN_FOLDER(f)  cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)
#define WITH_BENCH(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_is_read),
        cmocka_unit_test(hex_is_written_as_it_was),
        cmocka_unit_test(hex_segments_wrap_at_64k),
        cmocka_unit_test(bad_hex_is_named),
        IN_FOLDER(parts_become_one_image),
        IN_FOLDER(parts_that_are_copies),
        IN_FOLDER(images_that_cannot_be_are_refused),
        cmocka_unit_test(part_arguments),
        cmocka_unit_test(avrdude_is_understood_however_it_comes),
        cmocka_unit_test(other_tools_are_understood),
        cmocka_unit_test(odd_output_stays_text),
        WITH_BENCH(a_tool_that_works),
        WITH_BENCH(a_flood_on_stderr_is_cut_and_does_no_harm),
        WITH_BENCH(failures_are_told_apart),
        cmocka_unit_test(words_that_compare),
        WITH_BENCH(a_board_is_compared_and_left_alone),
        WITH_BENCH(comparisons_that_fail),
        WITH_BENCH(a_tool_that_spins_on_a_dead_port_is_ended),
        WITH_BENCH(a_tool_that_fails_on_a_dead_port),
        WITH_BENCH(cancel_ends_the_tool_and_leaves_the_port_closed),
        WITH_BENCH(every_tool_has_a_deadline),
        WITH_BENCH(ports_that_cannot_be_had),
        WITH_BENCH(a_touched_board_is_flashed_where_it_comes_back),
        WITH_BENCH(a_board_in_its_bootloader_is_flashed_where_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

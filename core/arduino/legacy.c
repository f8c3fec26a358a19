#include "core/arduino/legacy.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

bool jig_legacy_platform(const struct jig_props *platform)
{
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(platform, &at, &key, &value);) {
        if (jig_str_starts(key, "pluggable_discovery.") ||
            jig_str_starts(key, "pluggable_monitor."))
            return true;
    }
    return false;
}

/* Which of the three actions a key such as "menu.cpu.x.upload.tool" or "upload.tool" ends in. */
static bool is_tool_of(const char *key, const char *action_tool)
{
    if (jig_streq(key, action_tool))
        return true;
    if (!jig_str_starts(key, "menu.") || !jig_str_ends(key, action_tool))
        return false;
    size_t dots = 0;
    for (const char *c = key; *c != '\0'; c++)
        dots += *c == '.';
    return dots == 4; /* menu.MENU.OPTION.ACTION.tool */
}

void jig_legacy_tools(struct jig_props *props, bool aware)
{
    static const char *const actions[] = {"upload.tool", "bootloader.tool", "program.tool"};
    if (aware)
        return;
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *fresh = jig_props_new();
    for (size_t i = 0; i < JIG_COUNT(actions); i++) {
        JIG_CLEANUP_FREE char *named = jig_strf("%s.default", actions[i]);
        if (jig_props_has(props, named))
            continue;
        const char *key;
        const char *value;
        for (size_t at = 0; jig_props_next(props, &at, &key, &value);) {
            if (!is_tool_of(key, actions[i]))
                continue;
            JIG_CLEANUP_FREE char *to = jig_strf("%s.default", key);
            jig_props_set(fresh, to, value);
        }
    }
    jig_props_merge(props, fresh);
}

static void add_port(struct jig_props *to, size_t number, const char *vid, const char *pid)
{
    JIG_CLEANUP_FREE char *vid_key = jig_strf("upload_port.%zu.vid", number);
    JIG_CLEANUP_FREE char *pid_key = jig_strf("upload_port.%zu.pid", number);
    jig_props_set(to, vid_key, vid);
    jig_props_set(to, pid_key, pid);
}

static void convert_usb_ids(struct jig_props *board)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *fresh = jig_props_new();
    size_t n = 0;
    const char *vid = jig_props_get(board, "vid");
    const char *pid = jig_props_get(board, "pid");
    if (vid != NULL && pid != NULL)
        add_port(fresh, n++, vid, pid);
    const char *key;
    for (size_t at = 0; jig_props_next(board, &at, &key, &vid);) {
        uint64_t number;
        if (!jig_str_starts(key, "vid.") || !jig_parse_u64(key + 4, &number))
            continue;
        JIG_CLEANUP_FREE char *pid_key = jig_strf("pid.%s", key + 4);
        pid = jig_props_get(board, pid_key);
        if (pid != NULL)
            add_port(fresh, n++, vid, pid);
    }
    jig_props_merge(board, fresh);
}

static const char *const lines[][2] = {
    {"serial.disableDTR", "monitor_port.serial.dtr"},
    {"serial.disableRTS", "monitor_port.serial.rts"},
};

static void convert_serial_lines(struct jig_props *board)
{
    JIG_CLEANUP(jig_cleanup_props) struct jig_props *fresh = jig_props_new();
    const char *key;
    const char *value;
    for (size_t at = 0; jig_props_next(board, &at, &key, &value);) {
        for (size_t i = 0; i < JIG_COUNT(lines); i++) {
            size_t n = strlen(key);
            size_t m = strlen(lines[i][0]);
            if (!jig_str_ends(key, lines[i][0]) || (n > m && key[n - m - 1] != '.'))
                continue;
            JIG_CLEANUP_FREE char *to = jig_strf("%.*s%s", (int)(n - m), key, lines[i][1]);
            jig_props_set(fresh, to, jig_streq(value, "true") ? "off" : "on");
        }
    }
    jig_props_merge(board, fresh);
}

void jig_legacy_board(struct jig_props *board, bool aware)
{
    if (!aware) {
        convert_usb_ids(board);
        jig_legacy_tools(board, aware);
    }
    convert_serial_lines(board);
}

void jig_legacy_finish(struct jig_props *platform)
{
    if (jig_legacy_platform(platform))
        return;
    jig_props_set(platform, "pluggable_discovery.required.0", "builtin:serial-discovery");
    jig_props_set(platform, "pluggable_discovery.required.1", "builtin:mdns-discovery");
    jig_props_set(platform, "pluggable_monitor.required.serial", "builtin:serial-monitor");
}

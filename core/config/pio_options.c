#include "core/config/pio_options.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"

/* clang-format off */
const struct jig_pio_option jig_pio_options[] = {
    {"platformio", "name", .fallback = JIG_PIO_FALLBACK_ROOT_NAME},
    {"platformio", "description"},
    {"platformio", "default_envs", .is_list = true, .variable = "PLATFORMIO_DEFAULT_ENVS", .old_names = {"env_default"}},
    {"platformio", "extra_configs", .is_list = true},
    {"platformio", "core_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_CORE_DIR", .fallback = JIG_PIO_FALLBACK_CORE_DIR, .old_names = {"home_dir"}},
    {"platformio", "globallib_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_GLOBALLIB_DIR", .fallback = "${platformio.core_dir}/lib"},
    {"platformio", "platforms_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_PLATFORMS_DIR", .fallback = "${platformio.core_dir}/platforms"},
    {"platformio", "packages_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_PACKAGES_DIR", .fallback = "${platformio.core_dir}/packages"},
    {"platformio", "cache_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_CACHE_DIR", .fallback = "${platformio.core_dir}/.cache"},
    {"platformio", "build_cache_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_BUILD_CACHE_DIR"},
    {"platformio", "workspace_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_WORKSPACE_DIR", .fallback = "${PROJECT_DIR}/.pio"},
    {"platformio", "build_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_BUILD_DIR", .fallback = "${platformio.workspace_dir}/build"},
    {"platformio", "libdeps_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_LIBDEPS_DIR", .fallback = "${platformio.workspace_dir}/libdeps"},
    {"platformio", "include_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_INCLUDE_DIR", .fallback = "${PROJECT_DIR}/include"},
    {"platformio", "src_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_SRC_DIR", .fallback = "${PROJECT_DIR}/src"},
    {"platformio", "lib_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_LIB_DIR", .fallback = "${PROJECT_DIR}/lib"},
    {"platformio", "data_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_DATA_DIR", .fallback = "${PROJECT_DIR}/data"},
    {"platformio", "test_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_TEST_DIR", .fallback = "${PROJECT_DIR}/test"},
    {"platformio", "boards_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_BOARDS_DIR", .fallback = "${PROJECT_DIR}/boards"},
    {"platformio", "monitor_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_MONITOR_DIR", .fallback = "${PROJECT_DIR}/monitor"},
    {"platformio", "shared_dir", .type = JIG_OPTION_DIR, .variable = "PLATFORMIO_SHARED_DIR", .fallback = "${PROJECT_DIR}/shared"},
    {"env", "platform"},
    {"env", "platform_packages", .is_list = true},
    {"env", "board"},
    {"env", "framework", .is_list = true},
    {"env", "board_build.mcu", .old_names = {"board_mcu"}},
    {"env", "board_build.f_cpu", .old_names = {"board_f_cpu"}},
    {"env", "board_build.f_flash", .old_names = {"board_f_flash"}},
    {"env", "board_build.flash_mode", .old_names = {"board_flash_mode"}},
    {"env", "build_type", .type = JIG_OPTION_CHOICE, .fallback = "release", .choices = {"release", "test", "debug"}},
    {"env", "build_flags", .is_list = true, .variable = "PLATFORMIO_BUILD_FLAGS"},
    {"env", "build_src_flags", .is_list = true, .variable = "PLATFORMIO_BUILD_SRC_FLAGS", .old_names = {"src_build_flags"}},
    {"env", "build_unflags", .is_list = true, .variable = "PLATFORMIO_BUILD_UNFLAGS"},
    {"env", "build_src_filter", .is_list = true, .variable = "PLATFORMIO_BUILD_SRC_FILTER", .fallback = "+<*> -<.git/> -<.svn/>", .old_names = {"src_filter"}},
    {"env", "targets", .is_list = true},
    {"env", "upload_port", .variable = "PLATFORMIO_UPLOAD_PORT"},
    {"env", "upload_protocol"},
    {"env", "upload_speed", .type = JIG_OPTION_INT},
    {"env", "upload_flags", .is_list = true, .variable = "PLATFORMIO_UPLOAD_FLAGS"},
    {"env", "upload_resetmethod"},
    {"env", "upload_command"},
    {"env", "monitor_port"},
    {"env", "monitor_speed", .type = JIG_OPTION_INT, .fallback = "9600", .old_names = {"monitor_baud"}},
    {"env", "monitor_parity", .type = JIG_OPTION_CHOICE, .fallback = "N", .choices = {"N", "E", "O", "S", "M"}},
    {"env", "monitor_filters", .is_list = true},
    {"env", "monitor_rts", .type = JIG_OPTION_INT, .is_zero_or_one = true},
    {"env", "monitor_dtr", .type = JIG_OPTION_INT, .is_zero_or_one = true},
    {"env", "monitor_eol", .type = JIG_OPTION_CHOICE, .fallback = "CRLF", .choices = {"CR", "LF", "CRLF"}},
    {"env", "monitor_raw", .type = JIG_OPTION_BOOL, .fallback = "false"},
    {"env", "monitor_echo", .type = JIG_OPTION_BOOL, .fallback = "false"},
    {"env", "monitor_encoding", .fallback = "UTF-8"},
    {"env", "lib_deps", .is_list = true, .old_names = {"lib_use", "lib_force", "lib_install"}},
    {"env", "lib_ignore", .is_list = true},
    {"env", "lib_extra_dirs", .is_list = true, .variable = "PLATFORMIO_LIB_EXTRA_DIRS"},
    {"env", "lib_ldf_mode", .type = JIG_OPTION_CHOICE, .fallback = "chain", .choices = {"off", "chain", "deep", "chain+", "deep+"}},
    {"env", "lib_compat_mode", .type = JIG_OPTION_CHOICE, .fallback = "soft", .choices = {"off", "soft", "strict"}},
    {"env", "lib_archive", .type = JIG_OPTION_BOOL, .fallback = "true"},
    {"env", "check_tool", .type = JIG_OPTION_CHOICE, .is_list = true, .fallback = "cppcheck", .choices = {"cppcheck", "clangtidy"}},
    {"env", "check_src_filters", .is_list = true, .old_names = {"check_patterns"}},
    {"env", "check_flags", .is_list = true},
    {"env", "check_severity", .type = JIG_OPTION_CHOICE, .is_list = true, .fallback = "low\nmedium\nhigh", .choices = {"low", "medium", "high"}},
    {"env", "check_skip_packages", .type = JIG_OPTION_BOOL, .fallback = "false"},
    {"env", "test_framework", .type = JIG_OPTION_CHOICE, .fallback = "unity", .choices = {"doctest", "googletest", "unity", "custom"}},
    {"env", "test_filter", .is_list = true},
    {"env", "test_ignore", .is_list = true},
    {"env", "test_port"},
    {"env", "test_speed", .type = JIG_OPTION_INT, .fallback = "115200"},
    {"env", "test_build_src", .type = JIG_OPTION_BOOL, .fallback = "false", .old_names = {"test_build_project_src"}},
    {"env", "test_testing_command", .is_list = true},
    {"env", "debug_tool"},
    {"env", "debug_build_flags", .is_list = true, .fallback = "-Og\n-g2\n-ggdb2"},
    {"env", "debug_init_break", .fallback = "tbreak main"},
    {"env", "debug_init_cmds", .is_list = true},
    {"env", "debug_extra_cmds", .is_list = true},
    {"env", "debug_load_cmds", .is_list = true, .fallback = "load", .old_names = {"debug_load_cmd"}},
    {"env", "debug_load_mode", .type = JIG_OPTION_CHOICE, .fallback = "always", .choices = {"always", "modified", "manual"}},
    {"env", "debug_server", .is_list = true},
    {"env", "debug_port"},
    {"env", "debug_speed"},
    {"env", "debug_svd_path", .type = JIG_OPTION_FILE},
    {"env", "debug_server_ready_pattern"},
    {"env", "debug_test"},
    {"env", "extends", .is_list = true},
    {"env", "extra_scripts", .is_list = true, .variable = "PLATFORMIO_EXTRA_SCRIPTS", .old_names = {"extra_script"}},
};
/* clang-format on */
const size_t jig_pio_option_count = JIG_COUNT(jig_pio_options);

const char *jig_pio_scope(const char *section)
{
    static const char *const scopes[] = {"platformio", "env"};
    size_t n = strcspn(section, ":");
    for (size_t i = 0; i < JIG_COUNT(scopes); i++) {
        if (strlen(scopes[i]) == n && memcmp(section, scopes[i], n) == 0)
            return scopes[i];
    }
    return NULL;
}

bool jig_pio_option_is(const struct jig_pio_option *o, const char *name)
{
    if (strcmp(o->name, name) == 0)
        return true;
    for (size_t i = 0; i < JIG_PIO_MOST_OLD_NAMES; i++) {
        if (jig_streq(o->old_names[i], name))
            return true;
    }
    return false;
}

const struct jig_pio_option *jig_pio_option_find(const char *section, const char *name)
{
    const char *scope = jig_pio_scope(section);
    const struct jig_pio_option *by_old_name = NULL;
    for (size_t i = 0; scope != NULL && i < jig_pio_option_count; i++) {
        const struct jig_pio_option *o = &jig_pio_options[i];
        if (strcmp(o->scope, scope) != 0 || !jig_pio_option_is(o, name))
            continue;
        if (strcmp(o->name, name) == 0)
            return o;
        if (by_old_name == NULL)
            by_old_name = o;
    }
    return by_old_name;
}

bool jig_pio_option_is_custom(const char *name)
{
    return jig_str_starts(name, "custom_") || jig_str_starts(name, "board_");
}

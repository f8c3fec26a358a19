#include "core/arduino/toolpkg.h"

#include <fnmatch.h>
#include <stddef.h>

#include "core/base/mem.h"
#include "core/base/str.h"

struct row {
    const char *pattern; /* a shell pattern; the first that fits counts */
    const char *package;
};

static const struct row tools[] = {
    {"avr-gcc*", "gcc-avr"},
    {"avr-g++*", "gcc-avr"},
    {"avr-c++*", "gcc-avr"},
    {"avr-cpp*", "gcc-avr"},
    {"avr-gcov*", "gcc-avr"},
    {"avr-gdb", "gdb-avr"},
    {"avr-man", "avr-libc"},
    {"avr-*", "binutils-avr"},
    {"avrdude", "avrdude"},
    {"arm-none-eabi-gcc*", "gcc-arm-none-eabi"},
    {"arm-none-eabi-g++*", "gcc-arm-none-eabi"},
    {"arm-none-eabi-c++*", "gcc-arm-none-eabi"},
    {"arm-none-eabi-cpp*", "gcc-arm-none-eabi"},
    {"arm-none-eabi-*", "binutils-arm-none-eabi"},
    {"riscv64-unknown-elf-gcc*", "gcc-riscv64-unknown-elf"},
    {"riscv64-unknown-elf-g++*", "gcc-riscv64-unknown-elf"},
    {"riscv64-unknown-elf-*", "binutils-riscv64-unknown-elf"},
    {"xtensa-lx106-elf-gcc*", "gcc-xtensa-lx106"},
    {"xtensa-lx106-elf-g++*", "gcc-xtensa-lx106"},
    {"xtensa-lx106-elf-*", "binutils-xtensa-lx106"},
    {"bossac", "bossa-cli"},
    {"dfu-util", "dfu-util"},
    {"dfu-suffix", "dfu-util"},
    {"dfu-prefix", "dfu-util"},
    {"dfu-programmer", "dfu-programmer"},
    {"openocd", "openocd"},
    {"esptool", "esptool"},
    {"esptool.py", "esptool"},
    {"espefuse", "esptool"},
    {"st-flash", "stlink-tools"},
    {"stm32flash", "stm32flash"},
    {"teensy_loader_cli", "teensy-loader-cli"},
    {"srec_cat", "srecord"},
    {"python3", "python3"},
    {"python", "python-is-python3"},
    {"perl", "perl"},
    {"node", "nodejs"},
    {"bash", "bash"},
    {"make", "make"},
    {"cmake", "cmake"},
    {"git", "git"},
    {"openssl", "openssl"},
    {"ctags", "universal-ctags"},
    {"arduino-ctags", "arduino-ctags"},
};

static const struct row platforms[] = {
    {"arduino:avr", "arduino-core-avr"},
};

static const char *find(const struct row *rows, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (fnmatch(rows[i].pattern, name, 0) == 0)
            return rows[i].package;
    }
    return NULL;
}

const char *jig_package_of_tool(const char *program)
{
    return find(tools, JIG_COUNT(tools), jig_path_base(program));
}

const char *jig_package_of_platform(const char *platform)
{
    return find(platforms, JIG_COUNT(platforms), platform);
}

#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "tests/support/workshop.h"

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

static void cold_then_nothing_to_do(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    assert_int_equal(workshop_build(&w), JIG_OK);
    assert_false(w.result.up_to_date);
    assert_int_equal(w.result.summary.compiled, 3);
    workshop_settle(&w);
    assert_int_equal(w.result.summary.compiled, 0);
    assert_int_equal(w.result.summary.reused, 3);
    JIG_CLEANUP_FREE char *elf = workshop_read(&w, "build/firmware.elf");
    assert_non_null(strstr(elf, "setup"));
    assert_int_equal(w.result.size.flash_bytes, (int)strlen(elf));
    workshop_restart(&w, NULL);
    workshop_expect(&w, "");
    workshop_close(&w);
}

static void an_edit_rebuilds_what_it_touches(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    workshop_put(&w, "project/src/other.c", "other\n");
    workshop_settle(&w);
    workshop_put(&w, "project/src/main.cpp", "#include <Arduino.h>\nloop\n");
    workshop_expect(&w, "compile main.cpp: src/main.cpp changed; "
                        "link firmware.elf: src/main.cpp.o changed; "
                        "convert firmware (recipe.objcopy.hex.pattern): firmware.elf changed; "
                        "measure the program: firmware.elf changed");
    workshop_close(&w);
}

/* A uses B, which the project does not name itself. */
static void put_libraries(struct workshop *w)
{
    workshop_put(w, "libraries/A/A.h", "#include <B.h>\na\n");
    workshop_put(w, "libraries/A/A.cpp", "#include \"A.h\"\n");
    workshop_put(w, "libraries/B/B.h", "b\n");
    workshop_put(w, "libraries/B/B.cpp", "#include \"B.h\"\n#include <C.h>\n");
    workshop_put(w, "libraries/C/C.h", "c\n");
    workshop_put(w, "libraries/C/C.cpp", "#include \"C.h\"\n");
}

static void libraries_that_libraries_use(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_libraries(&w);
    workshop_put(&w, "project/src/main.cpp", "#include <A.h>\nsetup\n");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 3);
    workshop_close(&w);
}

static void libraries_that_a_sketchs_libraries_use(void **state)
{
    struct workshop w;
    workshop_open(&w, *state);
    put_libraries(&w);
    workshop_put(&w, "Blink/Blink.ino", "#include <A.h>\nvoid setup() {}\nvoid loop() {}\n");
    free(w.project);
    w.project = workshop_path(&w, "Blink");
    workshop_settle(&w);
    assert_int_equal(w.result.libraries.n, 3);
    workshop_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(cold_then_nothing_to_do),
        IN_FOLDER(an_edit_rebuilds_what_it_touches),
        IN_FOLDER(libraries_that_libraries_use),
        IN_FOLDER(libraries_that_a_sketchs_libraries_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

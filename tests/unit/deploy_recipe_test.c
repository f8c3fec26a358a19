/* What an upload command says of the image. */
#include "tests/support/unit.h"

#include <string.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "service/deployer/recipe.h"

static void put(const char *folder, const char *name)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(folder, name);
    JIG_CLEANUP_FREE char *dir = jig_path_dir(path);
    assert_int_equal(jig_fs_mkdirs(dir, 0755, &err), JIG_OK);
    assert_int_equal(jig_fs_write_unsynced(path, "x", 1, 0644, &err), JIG_OK);
}

/* '$' is the folder, '|' stands between words. */
static struct recipe *of(const char *folder, const char *command)
{
    struct jig_strv pieces = {0};
    struct jig_strv argv = {0};
    jig_str_split(command, "$", true, &pieces);
    JIG_CLEANUP_FREE char *text = jig_strv_join(&pieces, folder);
    jig_str_split(text, "|", true, &argv);
    struct recipe *r = recipe_new(&argv, folder, "Blink.ino");
    jig_strv_release(&argv);
    jig_strv_release(&pieces);
    return r;
}

static void files_are_found_wherever_they_stand(void **state)
{
    const char *folder = *state;
    static const char *const have[] = {"Blink.ino.hex", "Blink.ino.bin", "Blink.ino.partitions.bin",
                                       "sub/x:y z.bin", ".jig-record"};
    for (size_t i = 0; i < JIG_COUNT(have); i++)
        put(folder, have[i]);
    put(folder, "../outside.bin");
    static const struct {
        const char *command;
        const char *files; /* with ", " between */
        const char *how;
    } rows[] = {
        {"avrdude|-P<port>|-Uflash:w:$/Blink.ino.hex:i", "Blink.ino.hex",
         "avrdude\n-P<port>\n-Uflash:w:<image>.hex:i"},
        {"esptool|0x8000|$/Blink.ino.partitions.bin|0x10000|$/Blink.ino.bin",
         "Blink.ino.partitions.bin, Blink.ino.bin",
         "esptool\n0x8000\n<image>.partitions.bin\n0x10000\n<image>.bin"},
        {"openocd|-c|program {$/Blink.ino.bin} verify reset; exit", "Blink.ino.bin",
         "openocd\n-c\nprogram {<image>.bin} verify reset; exit"},
        {"tool|$/sub/x:y z.bin,0", "sub/x:y z.bin", "tool\n<folder>/sub/x:y z.bin,0"},
        {"tool|$/Blink.ino.hex+$/Blink.ino.bin", "Blink.ino.bin", "tool\n<image>.hex+<image>.bin"},
        {"tool|$/Blink.ino.hex,$/Blink.ino.hex", "Blink.ino.hex", "tool\n<image>.hex,<image>.hex"},
        {"tool|$/missing.hex", "", "tool\n<folder>/missing.hex"},
        {"tool|$/../outside.bin", "", "tool\n<folder>/../outside.bin"},
        {"tool|$x/Blink.ino.hex", "", "tool\n<folder>x/Blink.ino.hex"},
        {"tool|--dir=$", "Blink.ino.bin, Blink.ino.hex, Blink.ino.partitions.bin",
         "tool\n--dir=<folder>"},
        {"tool|--dir=$/", "Blink.ino.bin, Blink.ino.hex, Blink.ino.partitions.bin",
         "tool\n--dir=<folder>/"},
        {"tool|nothing", "", "tool\nnothing"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        struct recipe *r = of(folder, rows[i].command);
        JIG_CLEANUP_FREE char *files = jig_strv_join(&r->files, ", ");
        if (!jig_streq(files, rows[i].files) || !jig_streq(r->how, rows[i].how))
            fail_msg("%s: %s; %s", rows[i].command, files, r->how);
        recipe_free(r);
    }
}

/* Two folders, one image; and other words, another one. */
static void the_folder_does_not_count_but_the_words_do(void **state)
{
    JIG_CLEANUP_FREE char *one = jig_path_join(*state, "one");
    JIG_CLEANUP_FREE char *two = jig_path_join(*state, "two");
    put(one, "Blink.ino.hex");
    put(two, "Blink.ino.hex");
    struct recipe *a = of(one, "avrdude|-D|-Uflash:w:$/Blink.ino.hex:i");
    struct recipe *b = of(two, "avrdude|-D|-Uflash:w:$/Blink.ino.hex:i");
    struct recipe *c = of(two, "avrdude|-e|-Uflash:w:$/Blink.ino.hex:i");
    struct recipe *d = of(two, "avrdude -D|-Uflash:w:$/Blink.ino.hex:i");
    assert_string_equal(a->how, b->how);
    assert_string_not_equal(a->how, c->how);
    assert_string_not_equal(a->how, d->how);
    recipe_free(a);
    recipe_free(b);
    recipe_free(c);
    recipe_free(d);
    recipe_free(NULL);
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

static int setup(void **state)
{
    void *folder = NULL;
    if (unit_folder_setup(&folder) != 0)
        return -1;
    *state = jig_path_join(folder, "build");
    free(folder);
    return jig_fs_mkdirs(*state, 0755, NULL) == JIG_OK ? 0 : -1;
}

static int teardown(void **state)
{
    void *folder = jig_path_dir(*state);
    free(*state);
    return unit_folder_teardown(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_found_wherever_they_stand, setup, teardown),
        IN_FOLDER(the_folder_does_not_count_but_the_words_do),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

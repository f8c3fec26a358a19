#include "tests/support/unit.h"

#include <sys/stat.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/hash/fingerprint.h"
#include "core/hash/sha256.h"
#include "core/os/fs.h"

/* Source: FIPS 180-4, the one-block example "abc". */
#define SHA256_ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

static void sha256_of_abc(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    char hex[JIG_SHA256_HEX];
    struct jig_digest d = jig_sha256_of("abc", 3);
    jig_digest_hex(&d, hex);
    assert_string_equal(hex, SHA256_ABC);
    struct jig_digest parsed;
    assert_true(jig_digest_parse(SHA256_ABC, &parsed));
    assert_true(jig_digest_equal(&parsed, &d));
    assert_false(jig_digest_parse("ba78", &parsed));
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "abc");
    assert_int_equal(jig_fs_write_atomic(path, "abc", 3, 0644, &err), JIG_OK);
    assert_int_equal(jig_sha256_file(path, &parsed, &err), JIG_OK);
    assert_true(jig_digest_equal(&parsed, &d));
}

/* A FIFO without a writer must not be waited for; nor is a folder a file. */
static void only_regular_files_are_hashed(void **state)
{
    JIG_CLEANUP_FREE char *fifo = jig_path_join(*state, "fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    struct jig_digest digest;
    struct jig_fingerprint fingerprint;
    assert_int_equal(jig_sha256_file(fifo, &digest, NULL), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_fingerprint_file(fifo, &fingerprint, NULL), JIG_INVALID_ARGUMENT);
    assert_int_equal(jig_sha256_file(*state, &digest, NULL), JIG_INVALID_ARGUMENT);
}

/* ("ab", "c") and ("a", "bc") are different lists. */
static void fields_do_not_run_together(void **state)
{
    (void)state;
    struct jig_sha256 *h = jig_sha256_new();
    jig_sha256_string(h, "ab");
    jig_sha256_string(h, "c");
    struct jig_digest one = jig_sha256_final(h);
    jig_sha256_string(h, "a");
    jig_sha256_string(h, "bc");
    struct jig_digest two = jig_sha256_final(h);
    jig_sha256_string(h, "ab");
    jig_sha256_string(h, "c");
    struct jig_digest again = jig_sha256_final(h);
    jig_sha256_free(h);
    assert_false(jig_digest_equal(&one, &two));
    assert_true(jig_digest_equal(&one, &again));
}

static void fingerprint_of_a_file(void **state)
{
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "file");
    struct jig_fingerprint f;
    assert_int_equal(jig_fingerprint_file(path, &f, &err), JIG_NOT_FOUND);
    assert_int_equal(jig_fs_write_atomic(path, "hello", 5, 0644, &err), JIG_OK);
    assert_int_equal(jig_fingerprint_file(path, &f, &err), JIG_OK);
    assert_true(jig_fingerprint_equal(f, jig_fingerprint_of("hello", 5)));
    assert_false(jig_fingerprint_equal(f, jig_fingerprint_of("hellp", 5)));
}

#define IN_FOLDER(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(sha256_of_abc),
        IN_FOLDER(only_regular_files_are_hashed),
        cmocka_unit_test(fields_do_not_run_together),
        IN_FOLDER(fingerprint_of_a_file),
    };
    return cmocka_run_group_tests_name("hash", tests, NULL, NULL);
}

/* Plans: which releases go together, and what is said when none do. */
#include "tests/support/unit.h"

#include <stdio.h>
#include <string.h>

#include "core/base/buf.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/packages/plan.h"

#define HASH "SHA-256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const struct jig_host linux64 = {"x86_64", "linux"};

/* "A 1.0: B >=1; C" lines to a library index. */
static struct jig_index *libraries(const char *lines)
{
    struct jig_buf text;
    struct jig_strv rows = {0};
    jig_buf_init(&text, 16 << 20);
    jig_buf_puts(&text, "{\"libraries\": [");
    jig_str_split(lines, "\n", false, &rows);
    for (size_t i = 0; i < rows.n; i++) {
        char name[64], version[64];
        char *colon = strchr(rows.v[i], ':');
        if (colon != NULL)
            *colon = '\0';
        assert_int_equal(sscanf(rows.v[i], "%63s %63s", name, version), 2);
        jig_buf_printf(&text,
                       "%s{\"name\": \"%s\", \"version\": \"%s\", \"url\": \"https://h/x.zip\","
                       "\"size\": 5, \"checksum\": \"" HASH "\", \"dependencies\": [",
                       i > 0 ? "," : "", name, version);
        struct jig_strv deps = {0};
        if (colon != NULL)
            jig_str_split(colon + 1, ";", false, &deps);
        for (size_t k = 0; k < deps.n; k++) {
            char range[64] = "";
            assert_true(sscanf(deps.v[k], "%63s %63s", name, range) >= 1);
            jig_buf_printf(&text, "%s{\"name\": \"%s\", \"version\": \"%s\"}", k > 0 ? "," : "",
                           name, range);
        }
        jig_strv_release(&deps);
        jig_buf_puts(&text, "]}");
    }
    jig_buf_puts(&text, "]}");
    struct jig_err err = JIG_ERR_INIT;
    struct jig_index *x = jig_index_new();
    if (jig_index_parse(x, "test", text.data, text.len, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_index_sort(x);
    jig_strv_release(&rows);
    jig_buf_release(&text);
    return x;
}

/* Plans blank-separated wishes; "A@1.0 B@2.0" in the plan's order, or "error: ...". */
static char *plan(const char *lines, const char *wishes)
{
    struct jig_index *x = libraries(lines);
    struct jig_strv words = {0};
    struct jig_wish list[8];
    struct jig_err err = JIG_ERR_INIT;
    struct jig_plan p = {0};
    struct jig_buf out;
    jig_buf_init(&out, 1 << 16);
    jig_str_split(wishes, " ", false, &words);
    for (size_t i = 0; i < words.n; i++)
        assert_int_equal(jig_wish_library(words.v[i], &list[i], &err), JIG_OK);
    enum jig_code code = jig_plan_libraries(&p, x, list, words.n, &err);
    jig_index_free(x); /* the plan owns what it says */
    if (code != JIG_OK)
        jig_buf_printf(&out, "error: %s / %s", err.message, err.hint);
    assert_true(code == JIG_OK || p.n == 0);
    for (size_t i = 0; i < p.n; i++)
        jig_buf_printf(&out, "%s%s@%s%s", i > 0 ? " " : "", p.items[i].name, p.items[i].version,
                       p.items[i].asked ? "!" : "");
    for (size_t i = 0; i < words.n; i++)
        jig_wish_release(&list[i]);
    jig_plan_release(&p);
    jig_strv_release(&words);
    return jig_buf_steal(&out);
}

static void expect(const char *lines, const char *wishes, const char *result)
{
    JIG_CLEANUP_FREE char *got = plan(lines, wishes);
    if (strcmp(got, result) != 0 &&
        (!jig_str_starts(result, "error: ") || strstr(got, result + strlen("error: ")) == NULL))
        fail_msg("%s: '%s' is not '%s'", wishes, got, result);
}

static void test_libraries(void **state)
{
    (void)state;
    expect("A 1.0\nA 1.10\nA 1.9", "A", "A@1.10!");
    expect("A 1.0\nA 1.10\nA 2.0-rc1", "A", "A@1.10!");
    expect("A 1.0\nA 1.10\nA 1.9", "A@<1.10", "A@1.9!");
    expect("A 1.0-rc1\nA 1.0-rc2", "A", "A@1.0-rc2!");
    expect("Aa 1.0", "aA", "Aa@1.0!");
    expect("A 1.0: B\nB 2.0: C\nC 3.0", "A", "C@3.0 B@2.0 A@1.0!");
    expect("A 1.0: B\nB 2.0: A\nB 1.0", "A", "B@2.0 A@1.0!"); /* a circle */
    expect("A 1.0: A", "A", "A@1.0!");
    expect("A 1.0\nA 1.0", "A", "A@1.0!");
}

static void test_libraries_agree(void **state)
{
    (void)state;
    /* The newest B does not go with C: an older one is taken. */
    expect("A 1.0: B;C\nB 2.0: D =2.0\nB 1.0: D =1.0\nC 1.0: D =1.0\nD 1.0\nD 2.0", "A",
           "D@1.0 C@1.0 B@1.0 A@1.0!");
    /* What is asked for holds for what others need, whichever comes first. */
    expect("A 1.0: B\nB 1.0\nB 2.0", "A B@1.0", "B@1.0! A@1.0!");
    expect("A 1.0: B\nB 1.0\nB 2.0", "B@1.0 A", "A@1.0! B@1.0!");
    expect("A 2.0: Gone\nA 1.0", "A", "A@1.0!");
    expect("A 2.0: B ^^\nA 1.0\nB 1.0", "A", "A@1.0!");
}

static void test_libraries_refused(void **state)
{
    (void)state;
    expect("Servo 1.0", "Servp", "error: no index has such a library / did you mean: Servo?");
    expect("A 1.0\nA 1.1", "A@^2",
           "error: 'A' (^2) was asked for, and no index has such a version "
           "of it / there are: 1.0, 1.1");
    expect("A 1.0: B >=2\nB 1.0", "A",
           "error: 'A' 1.0 needs 'B' (>=2), and no index has such a version of it");
    expect("A 1.0: B\nC 1.0", "A",
           "error: 'A' 1.0 needs 'B' (any version), and no index has such a");
    expect("A 1.0: C =1\nB 1.0: C =2\nC 1\nC 2", "A B",
           "error: no versions of the libraries agree");
    expect("A ../x", "A", "error: the library 'A' ../x cannot be installed: its version '../x'");
    expect("A 2.0: B ^^\nB 1.0", "A", "error: does not understand");
}

/* Built to make the search try everything: it gives up within its ceiling. */
static void test_libraries_bomb(void **state)
{
    (void)state;
    struct jig_buf lines;
    jig_buf_init(&lines, 1 << 22);
    for (int i = 0; i < 12; i++) {
        for (int v = 0; v < 12; v++)
            jig_buf_printf(&lines, "L%d %d.0: L%d;Z =%d\n", i, v, i + 1, v == 11 ? 1 : 1);
    }
    jig_buf_puts(&lines, "L12 1.0: Z =2\nZ 1\nZ 2\n");
    JIG_CLEANUP_FREE char *got = plan(lines.data, "L0");
    assert_true(jig_str_starts(got, "error: "));
    jig_buf_release(&lines);
}

/* ---- platforms ---- */

static const char packages[] =
    "{\"packages\": [{\"name\": \"me\", \"platforms\": ["
    "{\"name\": \"B\", \"architecture\": \"avr\", \"version\": \"1.0.0\", \"url\": "
    "\"https://h/avr-1.tar.bz2\", \"size\": \"5\", \"checksum\": \"" HASH "\","
    "\"toolsDependencies\": [{\"packager\": \"me\", \"name\": \"gcc\", \"version\": \"7\"}]},"
    "{\"name\": \"B\", \"architecture\": \"avr\", \"version\": \"1.2.0\", \"url\": "
    "\"https://h/avr-2.tar.bz2\", \"size\": \"5\", \"checksum\": \"" HASH "\","
    "\"toolsDependencies\": [{\"packager\": \"me\", \"name\": \"gcc\", \"version\": \"8\"},"
    "{\"packager\": \"you\", \"name\": \"dude\", \"version\": \"6.3.0-arduino17\"}]},"
    "{\"name\": \"B\", \"architecture\": \"avr\", \"version\": \"2.0.0-rc1\", \"url\": "
    "\"https://h/avr-3.tar.bz2\", \"size\": \"5\", \"checksum\": \"" HASH "\"},"
    "{\"name\": \"B\", \"architecture\": \"avr\", \"version\": \"3.0\", \"url\": "
    "\"https://h/avr-3.tar.bz2\", \"size\": \"-5\", \"checksum\": \"" HASH "\"},"
    "{\"name\": \"B\", \"architecture\": \"mac\", \"version\": \"1.0\", \"url\": "
    "\"https://h/mac.tar.bz2\", \"checksum\": \"" HASH "\","
    "\"toolsDependencies\": [{\"packager\": \"me\", \"name\": \"gcc\", \"version\": \"7\"},"
    "{\"packager\": \"me\", \"name\": \"macgcc\", \"version\": \"7\"}]},"
    "{\"name\": \"B\", \"architecture\": \"gone\", \"version\": \"1.0\", \"url\": "
    "\"https://h/mac.tar.bz2\", \"checksum\": \"" HASH "\","
    "\"toolsDependencies\": [{\"packager\": \"me\", \"name\": \"nogcc\", \"version\": \"7\"}]}],"
    "\"tools\": ["
    "{\"name\": \"gcc\", \"version\": \"7\", \"systems\": [{\"host\": \"x86_64-linux-gnu\","
    "\"url\": \"https://h/gcc7.zip\", \"checksum\": \"" HASH "\"}]},"
    "{\"name\": \"gcc\", \"version\": \"8\", \"systems\": [{\"host\": \"i686-mingw32\","
    "\"url\": \"https://h/gcc8.exe\", \"checksum\": \"" HASH "\"},{\"host\": "
    "\"x86_64-pc-linux-gnu\", \"url\": \"https://h/gcc8.zip\", \"checksum\": \"" HASH "\"}]},"
    "{\"name\": \"macgcc\", \"version\": \"7\", \"systems\": [{\"host\": \"x86_64-apple-darwin\","
    "\"url\": \"https://h/gcc7.zip\", \"checksum\": \"" HASH "\"}]}]},"
    "{\"name\": \"you\", \"tools\": [{\"name\": \"dude\", \"version\": \"6.3.0-arduino17\","
    "\"systems\": [{\"host\": \"x86_64-linux-gnu\", \"url\": \"https://h/dude.zip\","
    "\"checksum\": \"" HASH "\"}]}]}]}";

static char *plan_platform(const char *text)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_index *x = jig_index_new();
    struct jig_wish w;
    struct jig_plan p = {0};
    struct jig_buf out;
    jig_buf_init(&out, 1 << 16);
    assert_int_equal(jig_index_parse(x, "test", packages, strlen(packages), &err), JIG_OK);
    jig_index_sort(x);
    assert_int_equal(jig_wish_platform(text, &w, &err), JIG_OK);
    if (jig_plan_platform(&p, x, &linux64, &w, &err) != JIG_OK) {
        assert_int_equal(p.n, 0);
        jig_buf_printf(&out, "error: %s / %s", err.message, err.hint);
    }
    for (size_t i = 0; i < p.n; i++) {
        JIG_CLEANUP_FREE char *name =
            jig_package_full_name(p.items[i].kind, p.items[i].vendor, p.items[i].name);
        jig_buf_printf(&out, "%s%s@%s %s", i > 0 ? ", " : "", name, p.items[i].version,
                       p.items[i].file);
    }
    if (p.n > 0) {
        JIG_CLEANUP_FREE char *needs = jig_strv_join(&p.items[p.n - 1].needs, " ");
        jig_buf_printf(&out, ", needs %s", needs);
    }
    jig_index_free(x);
    jig_wish_release(&w);
    jig_plan_release(&p);
    return jig_buf_steal(&out);
}

static void test_platforms(void **state)
{
    (void)state;
    static const struct {
        const char *wish;
        const char *plan;
    } rows[] = {
        {"me:avr", "me:gcc@8 gcc8.zip, you:dude@6.3.0-arduino17 dude.zip, me:avr@1.2.0 "
                   "avr-2.tar.bz2, needs me:gcc@8 you:dude@6.3.0-arduino17"},
        {"me:avr@1.0", "me:gcc@7 gcc7.zip, me:avr@1.0.0 avr-1.tar.bz2, needs me:gcc@7"},
        {"me:avr@2.0.0-rc1", "me:avr@2.0.0-rc1 avr-3.tar.bz2, needs "},
        {"me:avr@3.0", "error: me:avr 3.0 cannot be installed: its \"size\" is not a number of "
                       "bytes / "},
        {"me:avr@9", "error: no index has the core me:avr (9) / there are: 1.0.0, 1.2.0, "
                     "2.0.0-rc1, 3.0"},
        {"me:avt", "error: no index has the core me:avt (any version) / did you mean me:avr"},
        {"me:mac", "error: me:mac 1.0 needs the tool me:macgcc 7, of which there is no build for "
                   "this computer (x86_64, linux)"},
        {"me:gone", "error: me:gone 1.0 needs the tool me:nogcc 7, which no index has"},
    };
    for (size_t i = 0; i < JIG_COUNT(rows); i++) {
        JIG_CLEANUP_FREE char *got = plan_platform(rows[i].wish);
        bool same = jig_str_starts(rows[i].plan, "error: ") ? jig_str_starts(got, rows[i].plan)
                                                            : strcmp(got, rows[i].plan) == 0;
        if (!same)
            fail_msg("%s: '%s' is not '%s'", rows[i].wish, got, rows[i].plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_libraries),         cmocka_unit_test(test_libraries_agree),
        cmocka_unit_test(test_libraries_refused), cmocka_unit_test(test_libraries_bomb),
        cmocka_unit_test(test_platforms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

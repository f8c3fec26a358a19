#include "tests/support/unit.h"

#include <string.h>

#include "core/arduino/cppdecl.h"
#include "core/arduino/cpphead.h"
#include "core/arduino/ctags.h"
#include "core/arduino/preprocess.h"
#include "core/arduino/prototypes.h"
#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"

static struct jig_merged *merge(const struct jig_tab_text *tabs, size_t n)
{
    struct jig_err err = JIG_ERR_INIT;
    struct jig_merged *m = NULL;
    if (jig_preprocess_merge_texts(tabs, n, &m, &err) != JIG_OK)
        fail_msg("%s", err.message);
    return m;
}

static void assert_merged(const char *text, const char *expected)
{
    const struct jig_tab_text tab = {"/s/s.ino", text, strlen(text)};
    struct jig_merged *m = merge(&tab, 1);
    assert_string_equal(m->text, expected);
    assert_int_equal(m->len, strlen(expected));
    jig_merged_free(m);
}

#define TAB(path, literal)                                                                         \
    {                                                                                              \
        path, literal, sizeof(literal) - 1                                                         \
    }
#define TOP "#include <Arduino.h>\n#line 1 \"/s/s.ino\"\n"

static void tabs_are_merged(void **state)
{
    (void)state;
    assert_merged("int a;\n", TOP "int a;\n\n");
    assert_merged("int a;", TOP "int a;\n");
    assert_merged("", TOP "\n");
    assert_merged("\xef\xbb\xbfint a;", TOP "int a;\n");
    assert_merged("int a;\r\nint b;\rint c;\r\r\n", TOP "int a;\nint b;\nint c;\n\n\n");
    const struct jig_tab_text tabs[] = {TAB("/s/s.ino", "int a;"), TAB("/s/b.ino", "\n\n"),
                                        TAB("/s/\"c\\.ino", "#include \"Arduino.h\"")};
    struct jig_merged *m = merge(tabs, 3);
    assert_string_equal(m->text, TOP "int a;\n#line 1 \"/s/b.ino\"\n\n\n\n"
                                     "#line 1 \"/s/\\\"c\\\\.ino\"\n#include \"Arduino.h\"\n");
    assert_int_equal(m->tabs[0].first_line, 3);
    assert_int_equal(m->tabs[1].first_line, 5);
    assert_int_equal(m->tabs[1].lines, 3);
    assert_int_equal(m->tabs[2].first_line, 9);
    assert_string_equal(m->tabs[2].path, "/s/\"c\\.ino");
    jig_merged_free(m);
}

/* Only an include that the main tab has itself counts, and only when it stands alone on its line.
 */
static void arduino_h_is_included_unless_it_is(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool has_it;
    } cases[] = {
        {"#include <Arduino.h>", true},
        {"#include \"Arduino.h\"", true},
        {"int x;\n\t #\tinclude<Arduino.h>  // here", true},
        {"\xef\xbb\xbf#include <Arduino.h>", true},
        {"\r\n#include <Arduino.h>\r\n", true},
        {"// #include <Arduino.h>", false},
        {"#include <arduino.h>", false},
        {"#include <MyArduino.h>", false},
        {"#include <Arduino.hpp>", false},
        {"#includes <Arduino.h>", false},
        {"#include Arduino.h", false},
        {"#include <Arduino.h", false},
    };
    for (size_t i = 0; i < JIG_COUNT(cases); i++) {
        const struct jig_tab_text tab = {"/s/s.ino", cases[i].text, strlen(cases[i].text)};
        struct jig_merged *m = merge(&tab, 1);
        assert_int_equal(!jig_str_starts(m->text, "#include <Arduino.h>\n#line"), cases[i].has_it);
        assert_int_equal(m->tabs[0].first_line, cases[i].has_it ? 2 : 3);
        jig_merged_free(m);
    }
}

static void text_that_is_none_is_refused(void **state)
{
    (void)state;
    struct jig_err err = JIG_ERR_INIT;
    struct jig_merged *m = NULL;
    const struct jig_tab_text nul = TAB("/s/s.ino", "a\nb\0c");
    assert_int_equal(jig_preprocess_merge_texts(&nul, 1, &m, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "/s/s.ino:2: there is a NUL byte"));
    JIG_CLEANUP_FREE char *big = jig_xcalloc(1, JIG_TAB_MAX + 1);
    memset(big, ' ', JIG_TAB_MAX + 1);
    const struct jig_tab_text tabs[] = {{"/s/s.ino", big, JIG_TAB_MAX},
                                        {"/s/b.ino", big, JIG_TAB_MAX + 1}};
    assert_int_equal(jig_preprocess_merge_texts(tabs, 2, &m, &err), JIG_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(err.message, "/s/b.ino is longer than"));
    const struct jig_tab_text many[] = {tabs[0], tabs[0], tabs[0], tabs[0], tabs[0]};
    assert_int_equal(jig_preprocess_merge_texts(many, 5, &m, &err), JIG_RESOURCE_EXHAUSTED);
    assert_int_equal(jig_preprocess_merge_texts(NULL, 0, &m, &err), JIG_INVALID_ARGUMENT);
}

static void additional_files_keep_their_name(void **state)
{
    JIG_CLEANUP_FREE char *path = jig_path_join(*state, "a \"b\".h");
    assert_int_equal(jig_fs_write_atomic(path, "x\r\n\0y", 5, 0644, NULL), JIG_OK);
    struct jig_buf out;
    jig_buf_init(&out, 1 << 20);
    assert_int_equal(jig_preprocess_additional(path, &out, NULL), JIG_OK);
    JIG_CLEANUP_FREE char *head = jig_strf("#line 1 \"%s/a \\\"b\\\".h\"\n", (char *)*state);
    assert_true(jig_str_starts(out.data, head));
    assert_int_equal(out.len, strlen(head) + 5);
    assert_memory_equal(out.data + strlen(head), "x\r\n\0y", 5);
    jig_buf_release(&out);
}

/* --- prototypes --- */

/* A preprocessor for tests: #include <X> brings `header`, #line becomes a marker; nothing else. */
static void preprocess(const char *merged, const char *header, struct jig_buf *out)
{
    JIG_CLEANUP_FREE char *tab = jig_xstrdup("\"none\"");
    size_t line = 1;
    struct jig_strv lines = {0};
    jig_str_split(merged, "\n", true, &lines);
    for (size_t i = 0; i + 1 < lines.n; i++, line++) {
        const char *text = lines.v[i];
        if (jig_str_starts(text, "#line ")) {
            line = strtoul(text + 6, NULL, 10) - 1;
            free(tab);
            tab = jig_xstrdup(strchr(text, '"'));
            jig_buf_printf(out, "# %zu %s\n", line + 1, tab);
        } else if (jig_str_starts(text, "#include <Arduino.h>")) {
            jig_buf_puts(out, "# 1 \"/core/Arduino.h\" 1\nclass String; void setup(void);\n");
        } else if (jig_str_starts(text, "#include ")) {
            jig_buf_printf(out, "# 1 \"/lib/header.h\" 1\n%s\n# %zu %s 2\n", header, line + 1, tab);
        } else {
            jig_buf_puts(out, text);
            jig_buf_putc(out, '\n');
        }
    }
    jig_strv_release(&lines);
}

static char *finish(const char *folder, const struct jig_tab_text *tabs, size_t n,
                    const char *header)
{
    struct jig_merged *m = merge(tabs, n);
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *preprocessed = jig_path_join(folder, "preprocessed.cpp");
    JIG_CLEANUP_FREE char *work = jig_path_join(folder, "work.cpp");
    struct jig_buf text, out;
    jig_buf_init(&text, 1 << 20);
    jig_buf_init(&out, 1 << 20);
    preprocess(m->text, header, &text);
    assert_int_equal(jig_fs_write_atomic(preprocessed, text.data, text.len, 0644, NULL), JIG_OK);
    if (jig_preprocess_finish(m, preprocessed, work, &JIG_UNTIL_FOREVER, &out, &err) != JIG_OK)
        fail_msg("%s", err.message);
    jig_buf_release(&text);
    jig_merged_free(m);
    return jig_buf_steal(&out);
}

/* The final text without #line and #include lines, so that cases can be read. */
static char *readable(const char *text)
{
    struct jig_strv lines = {0}, kept = {0};
    jig_str_split(text, "\n", false, &lines);
    for (size_t i = 0; i < lines.n; i++) {
        if (!jig_str_starts(lines.v[i], "#line") && !jig_str_starts(lines.v[i], "#include"))
            jig_strv_append(&kept, lines.v[i]);
    }
    char *joined = jig_strv_join(&kept, "\n");
    jig_strv_release(&lines);
    jig_strv_release(&kept);
    return joined;
}

struct prototype_case {
    const char *what;
    const char *source;
    const char *expected;
    const char *header;
};

static const struct prototype_case prototype_cases[] = {
    {"a function after its use", "void setup() {\nf(1);\n}\nint f(int a) { return a; }",
     "void setup();\nint f(int a);\nvoid setup() {\nf(1);\n}\nint f(int a) { return a; }", ""},
    {"none without functions", "int a;\nint b = 2;", "int a;\nint b = 2;", ""},
    {"before the first function, behind what stands above",
     "struct S { int a; };\nint g;\nS f() { return S(); }",
     "struct S { int a; };\nint g;\nS f();\n"
     "S f() { return S(); }",
     ""},
    {"return types on a line of their own",
     "int g;\nunsigned\nlong\nf(int a,\n  int b)\n{ return a; }",
     "int g;\nunsigned long f(int a, int b);\nunsigned\nlong\nf(int a,\n  int b)\n{ return a; }",
     ""},
    {"declared by the author", "int f(int a);\nvoid g() {}\nint f(int a) { return 1; }",
     "int f(int a);\nvoid g();\nvoid g() {}\nint f(int a) { return 1; }", ""},
    {"static and inline stay", "static int f() { return 1; }\ninline int g() { return 1; }",
     "static int f();\ninline int g();\nstatic int f() { return 1; }\ninline int g() { return 1; }",
     ""},
    {"members, namespaces and local classes have none",
     "struct S { void m(); int n() { return 1; } ~S(); };\nvoid S::m() {}\nS::~S() {}\n"
     "namespace n { void o() {} }\nnamespace { void p() {} }\nvoid q() { struct L { void r() {} }; "
     "}",
     "struct S { void m(); int n() { return 1; } ~S(); };\nvoid S::m() {}\nS::~S() {}\n"
     "namespace n { void o() {} }\nnamespace { void p() {} }\nvoid q();\n"
     "void q() { struct L { void r() {} }; }",
     ""},
    {"comments and strings are no code",
     "// void a() {\n/* void b() {} */\nconst char *c = \"void d() {}\", e = '{';\n"
     "const char *r = R\"x(void f() {)\" })x\";\nvoid g() {}",
     "// void a() {\n/* void b() {} */\nconst char *c = \"void d() {}\", e = '{';\n"
     "const char *r = R\"x(void f() {)\" })x\";\nvoid g();\nvoid g() {}",
     ""},
    {"arrays and lambdas are no functions",
     "int a[] = {1, 2};\nauto l = [](int x) { return x; };\nvoid (*p)(int) = 0;\nint b{3};\nvoid "
     "f() {}",
     "int a[] = {1, 2};\nauto l = [](int x) { return x; };\nvoid (*p)(int) = 0;\nint b{3};\n"
     "void f();\nvoid f() {}",
     ""},
    {"a default that nothing needs is left alone", "void f(int a = 1) {}\nvoid g() { f(); }",
     "void g();\nvoid f(int a = 1) {}\nvoid g() { f(); }", ""},
    {"a default that is used before: without it",
     "void g() { f(1, 2, 3); }\nvoid f(int a, char b = ',', S c = S<1, 2>(3, {4})) {}",
     "void g();\nvoid f(int a, char b, S c);\nvoid g() { f(1, 2, 3); }\n"
     "void f(int a, char b = ',', S c = S<1, 2>(3, {4})) {}",
     ""},
    {"less-than in a default is no template",
     "void g() { f(1, 2); }\nvoid f(int a = X < 3, int b = 4) {}",
     "void g();\nvoid f(int a, int b);\nvoid g() { f(1, 2); }\nvoid f(int a = X < 3, int b = 4) {}",
     ""},
    {"templates", "void g() { f(1); }\ntemplate <typename T, int N = 4>\nT f(T a) { return a; }",
     "void g();\ntemplate <typename T, int N> T f(T a);\nvoid g() { f(1); }\n"
     "template <typename T, int N = 4>\nT f(T a) { return a; }",
     ""},
    {"comments in the head",
     "void g() { f(1, 2); }\nint f(int a /* x */, // y\n int b)\n{ return a; }",
     "void g();\nint f(int a , int b);\nvoid g() { f(1, 2); }\nint f(int a /* x */, // y\n int b)\n"
     "{ return a; }",
     ""},
    {"attributes",
     "__attribute__((noinline)) void f() {}\nvoid h() { g(); }\n"
     "void __attribute__((section(\"x\"))) g() {}\n[[noreturn]] int k() { for (;;); }",
     "void f();\nvoid h();\nvoid g();\nint k();\n__attribute__((noinline)) void f() {}\n"
     "void h() { g(); }\nvoid __attribute__((section(\"x\"))) g() {}\n[[noreturn]] int k() { for "
     "(;;); }",
     ""},
    {"extern \"C\", alone and as a block",
     "extern \"C\" void f() {}\nextern \"C\" {\nint g(int x) { return x; }\nstatic void h() {}\n}",
     "extern \"C\" void f();\nextern \"C\" int g(int x);\nstatic void h();\nextern \"C\" void f() "
     "{}\n"
     "extern \"C\" {\nint g(int x) { return x; }\nstatic void h() {}\n}",
     ""},
    {"not inside a block of extern \"C\"", "int a;\nextern \"C\" {\nvoid f() {}\n}\nvoid g() {}",
     "int a;\nextern \"C\" void f();\nvoid g();\nextern \"C\" {\nvoid f() {}\n}\nvoid g() {}", ""},
    {"function pointers, references and arrays as parameters",
     "int f(int (*cb)(int, char), char (&a)[3], const String &s...) { return 1; }",
     "int f(int (*cb)(int, char), char (&a)[3], const String &s...);\n"
     "int f(int (*cb)(int, char), char (&a)[3], const String &s...) { return 1; }",
     ""},
    {"what ctags does not see, when it is used",
     "void g() { f(0); }\ntemplate <class T> T f(T (&x)[3]) { return x[0]; }",
     "void g();\ntemplate <class T> T f(T (&x)[3]);\nvoid g() { f(0); }\n"
     "template <class T> T f(T (&x)[3]) { return x[0]; }",
     ""},
    {"a function that returns a pointer to one",
     "void g() { f(1); }\nint (*f(int x))(char) { return 0; }",
     "void g();\nint (*f(int x))(char);\nvoid g() { f(1); }\nint (*f(int x))(char) { return 0; }",
     ""},
    {"noexcept, trailing types, constexpr",
     "int f() noexcept { return 1; }\nauto g(int x) -> int { return x; }\n"
     "constexpr int h(int x) { return x; }",
     "int f() noexcept;\nauto g(int x) -> int;\nconstexpr int h(int x);\n"
     "int f() noexcept { return 1; }\nauto g(int x) -> int { return x; }\n"
     "constexpr int h(int x) { return x; }",
     ""},
    {"operators: + as arduino-cli does, none with an =",
     "struct S {};\nS operator+(S a, S b) { return a; }\nbool operator==(S a, S b) { return true; "
     "}",
     "struct S {};\nS operator+(S a, S b);\nS operator+(S a, S b) { return a; }\n"
     "bool operator==(S a, S b) { return true; }",
     ""},
    {"a type that comes late takes its prototype along",
     "void setup() {}\nstruct S { int a; };\nenum class E { A };\nvoid g() { f(S(), E::A); }\n"
     "void f(const S &s, E e) {}",
     "void setup();\nvoid g();\nvoid setup() {}\nstruct S { int a; };\nenum class E { A };\n"
     "void f(const S &s, E e);\nvoid g() { f(S(), E::A); }\nvoid f(const S &s, E e) {}",
     ""},
    {"a header that comes late likewise",
     "void setup() {}\n#include <x.h>\nvoid g() { f(S()); }\nvoid f(S s) {}\nvoid h(S s) {}",
     "void setup();\nvoid g();\nvoid setup() {}\nvoid f(S s);\nvoid g() { f(S()); }\nvoid f(S s) "
     "{}\n"
     "void h(S s) {}",
     "struct S { int a; };"},
    {"struct S declares S by itself; a type that was named above is known",
     "class K;\nvoid setup() {}\nstruct S { int a; };\nclass K {};\nvoid f(struct S *s, K *k) {}",
     "class K;\nvoid setup();\nvoid f(struct S *s, K *k);\nvoid setup() {}\nstruct S { int a; };\n"
     "class K {};\nvoid f(struct S *s, K *k) {}",
     ""},
    {"the name of a parameter is no type",
     "void setup() { f(1); }\nint speed;\nstruct late { int x; };\nvoid f(int speed, int late) {}",
     "void setup();\nvoid f(int speed, int late);\nvoid setup() { f(1); }\nint speed;\n"
     "struct late { int x; };\nvoid f(int speed, int late) {}",
     ""},
    {"used above the first function",
     "int a = f();\nclass K { int m() { return h.f() + g(a); } };\nvoid setup() {}\n"
     "int f() { return 1; }\nint g(int x) { return x; }",
     "int f();\nint a = f();\nint g(int x);\nclass K { int m() { return h.f() + g(a); } };\n"
     "void setup();\nvoid setup() {}\nint f() { return 1; }\nint g(int x) { return x; }",
     ""},
    {"a member of that name is no use", "int a = x.f(), b = y->f();\nvoid setup() {}\nvoid f() {}",
     "int a = x.f(), b = y->f();\nvoid setup();\nvoid f();\nvoid setup() {}\nvoid f() {}", ""},
    {"not within a statement", "int a =\n1; void f() {}\nvoid g() {}",
     "void f();\nvoid g();\nint a =\n1; void f() {}\nvoid g() {}", ""},
    {"interrupts declare themselves",
     "extern \"C\" void __vector_9 (void) __attribute__ ((signal)) ; void __vector_9 (void) {\n}\n"
     "void f() {}",
     "void f();\nextern \"C\" void __vector_9 (void) __attribute__ ((signal)) ; "
     "void __vector_9 (void) {\n}\nvoid f() {}",
     ""},
    {"text of another encoding", "void g() { f(1); }\nvoid f(int a, const char *b = \"\xe4\") {}",
     "void g();\nvoid f(int a, const char *b);\nvoid g() { f(1); }\n"
     "void f(int a, const char *b = \"\xe4\") {}",
     ""},
};

static void prototypes_are_right(void **state)
{
    for (size_t i = 0; i < JIG_COUNT(prototype_cases); i++) {
        const struct prototype_case *c = &prototype_cases[i];
        const struct jig_tab_text tab = {"/s/s.ino", c->source, strlen(c->source)};
        JIG_CLEANUP_FREE char *text = finish(*state, &tab, 1, c->header);
        JIG_CLEANUP_FREE char *shown = readable(text);
        if (strcmp(shown, c->expected) != 0)
            fail_msg("%s:\n%s\n--- instead of ---\n%s", c->what, shown, c->expected);
    }
}

/* The text that jig_preprocess_finish makes, told without a preprocessor. */
static void a_guess_is_mostly_right(void **state)
{
    size_t right = 0;
    for (size_t i = 0; i < JIG_COUNT(prototype_cases); i++) {
        const struct prototype_case *c = &prototype_cases[i];
        const struct jig_tab_text tabs[] = {
            {"/s/s.ino", c->source, strlen(c->source)},
            TAB("/s/b.ino", "\nint in_b(int x)\n{ return x; }\n"),
        };
        JIG_CLEANUP_FREE char *text = finish(*state, tabs, 2, c->header);
        struct jig_merged *m = merge(tabs, 2);
        struct jig_buf guess;
        jig_buf_init(&guess, JIG_MERGED_MAX);
        assert_int_equal(jig_preprocess_guess(m, &guess, NULL), JIG_OK);
        right += strcmp(guess.data, text) == 0;
        jig_buf_release(&guess);
        jig_merged_free(m);
    }
    if (right * 10 < JIG_COUNT(prototype_cases) * 8)
        fail_msg("only %zu of %zu are guessed right", right, JIG_COUNT(prototype_cases));
}

/* Line numbers have to be the author's own, before and behind each prototype. */
static void lines_keep_their_numbers(void **state)
{
    const struct jig_tab_text tabs[] = {
        TAB("/s/s.ino", "int a;\n\nvoid setup() {\n}\n"),
        TAB("/s/b.ino", "\nint f()\n{ return 1; }\n"),
    };
    JIG_CLEANUP_FREE char *text = finish(*state, tabs, 2, "");
    assert_string_equal(text, TOP "int a;\n\n"
                                  "#line 3 \"/s/s.ino\"\nvoid setup();\n"
                                  "#line 2 \"/s/b.ino\"\nint f();\n"
                                  "#line 3 \"/s/s.ino\"\nvoid setup() {\n}\n\n"
                                  "#line 1 \"/s/b.ino\"\n\nint f()\n{ return 1; }\n\n");
}

/* A main tab without functions: nothing in it may be disturbed. */
static void functions_may_be_in_another_tab(void **state)
{
    const struct jig_tab_text tabs[] = {
        TAB("/s/s.ino", "#include <x.h>\nS s;\n"),
        TAB("/s/b.ino", "int a;\nvoid setup() { f(s); }\nvoid f(S x) {}\n"),
    };
    JIG_CLEANUP_FREE char *text = finish(*state, tabs, 2, "struct S {};");
    JIG_CLEANUP_FREE char *shown = readable(text);
    assert_string_equal(shown, "S s;\nint a;\nvoid setup();\nvoid f(S x);\nvoid setup() { f(s); }\n"
                               "void f(S x) {}");
}

/* The preprocessor gives paths back in its own quoting. */
static void markers_are_read_whatever_the_path(void **state)
{
    const struct jig_tab_text tab = TAB("/s/a \"b\\c ü.ino", "void g() { f(); }\nvoid f() {}");
    JIG_CLEANUP_FREE char *text = finish(*state, &tab, 1, "");
    assert_non_null(strstr(text, "#line 2 \"/s/a \\\"b\\\\c ü.ino\"\nvoid f();\n"));
    struct jig_merged *m = merge(&tab, 1);
    const char octal[] =
        "# 7 \"/s/a \\\"b\\\\c \\303\\274.ino\" 1 3\nint a;\n# 9 \"/x\"\nint b;\n# 2 not\n";
    struct jig_tabs_text tabs = {0};
    assert_int_equal(jig_tabs_text_make(m, octal, strlen(octal), &tabs, NULL), JIG_OK);
    assert_string_equal(tabs.text, "int a;\n");
    assert_int_equal(tabs.lines[0].line, 7);
    assert_int_equal(tabs.n_spans, 1);
    assert_int_equal(tabs.spans[0].before, 2);
    jig_tabs_text_release(&tabs);
    jig_merged_free(m);
}

static void what_ctags_says_is_checked(void **state)
{
    (void)state;
    struct jig_tags tags = {0};
    struct jig_err err = JIG_ERR_INIT;
    const char good[] =
        "{\"_type\": \"ptag\", \"name\": \"X\"}\n\n"
        "{\"_type\": \"tag\", \"name\": \"f\", \"line\": 3, \"kind\": \"function\", \"typeref\": "
        "\"typename:int\", "
        "\"signature\": \"()\"}\n"
        "{\"_type\": \"tag\", \"name\": \"m\", \"line\": 4, \"kind\": \"prototype\", \"scope\": "
        "\"K\", "
        "\"scopeKind\": \"class\"}\n"
        "{\"_type\": \"tag\", \"name\": \"v\", \"line\": 5, \"kind\": \"variable\"}\n"
        "{\"_type\": \"tag\", \"name\": \"\xff\", \"line\": 6, \"kind\": \"function\"}\n";
    assert_int_equal(jig_ctags_parse(good, strlen(good), &tags, &err), JIG_OK);
    assert_int_equal(tags.n, 3);
    assert_string_equal(tags.v[0].name, "f");
    assert_string_equal(tags.v[0].signature, "()");
    assert_false(tags.v[0].declared);
    assert_true(tags.v[1].declared && tags.v[1].scoped);
    assert_string_equal(tags.v[2].name, "?");
    jig_tags_release(&tags);
    const char bad[] = "{}\nnot json\n";
    assert_int_equal(jig_ctags_parse(bad, strlen(bad), &tags, &err), JIG_INVALID_ARGUMENT);
    assert_non_null(strstr(err.message, "line 2 of what ctags found"));
    assert_int_equal(jig_ctags_parse("[1]", 3, &tags, &err), JIG_INVALID_ARGUMENT);
}

static void a_missing_file_is_named(void **state)
{
    const struct jig_tab_text tab = TAB("/s/s.ino", "");
    struct jig_merged *m = merge(&tab, 1);
    struct jig_err err = JIG_ERR_INIT;
    JIG_CLEANUP_FREE char *work = jig_path_join(*state, "work.cpp");
    struct jig_buf out;
    jig_buf_init(&out, 1 << 20);
    assert_int_equal(
        jig_preprocess_finish(m, "/nowhere/at/all", work, &JIG_UNTIL_FOREVER, &out, &err),
        JIG_NOT_FOUND);
    assert_non_null(strstr(err.message, "/nowhere/at/all"));
    jig_buf_release(&out);
    jig_merged_free(m);
}

static void statements_have_a_ceiling(void **state)
{
    (void)state;
    size_t n = JIG_CPP_STATEMENTS_MAX + 1;
    JIG_CLEANUP_FREE char *text = jig_xcalloc(1, 2 * n + 1);
    for (size_t i = 0; i < n; i++)
        memcpy(text + 2 * i, "a;", 2);
    struct jig_cpp_statements s = {0};
    assert_int_equal(jig_cpp_split(text, 2 * n, &s, NULL), JIG_RESOURCE_EXHAUSTED);
    assert_int_equal(jig_cpp_split(text, 2 * n - 2, &s, NULL), JIG_OK);
    assert_int_equal(s.n, JIG_CPP_STATEMENTS_MAX);
    jig_cpp_statements_release(&s);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, unit_folder_setup, unit_folder_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tabs_are_merged),
        cmocka_unit_test(arduino_h_is_included_unless_it_is),
        cmocka_unit_test(text_that_is_none_is_refused),
        CASE(additional_files_keep_their_name),
        CASE(prototypes_are_right),
        CASE(a_guess_is_mostly_right),
        CASE(lines_keep_their_numbers),
        CASE(functions_may_be_in_another_tab),
        CASE(markers_are_read_whatever_the_path),
        cmocka_unit_test(what_ctags_says_is_checked),
        CASE(a_missing_file_is_named),
        cmocka_unit_test(statements_have_a_ceiling),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

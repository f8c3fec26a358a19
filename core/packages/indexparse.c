/*
 * From a file's JSON to an index, in one pass.
 *
 *   {"packages": [{"name", "platforms": [{..., "toolsDependencies": [{...}]}],
 *                          "tools": [{..., "systems": [{...}]}]}]}
 *   {"libraries": [{..., "dependencies": [{...}]}]}
 *
 * Each object that counts has a row of `shapes`: its keys, and where their values go. The record
 * under way is filled in the parser itself and copied to the index at its end, since a table may
 * move and an object's keys come in any order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "core/base/mem.h"
#include "core/base/str.h"
#include "core/os/fs.h"
#include "core/packages/index_impl.h"
#include "core/packages/names.h"

enum shape {
    OTHER, /* passed over */
    ROOT,
    PACKAGE,
    PLATFORM,
    NEED,
    TOOL,
    SYSTEM,
    LIBRARY,
    DEPENDENCY,
    SHAPES,
};

enum field {
    NO_FIELD,
    NAME,
    VENDOR,
    VERSION,
    ARCHITECTURE,
    HOST,
    URL,
    FILE_NAME,
    SIZE,
    CHECKSUM,
    FIELDS,
};

struct key {
    enum shape in;
    const char *name;
    size_t n;           /* its length */
    enum field field;   /* a text or number */
    enum shape list_of; /* or a list of objects */
};

#define KEY(in, name, field, list_of)                                                              \
    {                                                                                              \
        in, name, sizeof(name) - 1, field, list_of                                                 \
    }

/* By shape, so that the keys of one stand together. */
static const struct key keys[] = {
    KEY(ROOT, "packages", NO_FIELD, PACKAGE),
    KEY(ROOT, "libraries", NO_FIELD, LIBRARY),
    KEY(PACKAGE, "name", NAME, OTHER),
    KEY(PACKAGE, "platforms", NO_FIELD, PLATFORM),
    KEY(PACKAGE, "tools", NO_FIELD, TOOL),
    KEY(PLATFORM, "name", NAME, OTHER),
    KEY(PLATFORM, "architecture", ARCHITECTURE, OTHER),
    KEY(PLATFORM, "version", VERSION, OTHER),
    KEY(PLATFORM, "url", URL, OTHER),
    KEY(PLATFORM, "archiveFileName", FILE_NAME, OTHER),
    KEY(PLATFORM, "checksum", CHECKSUM, OTHER),
    KEY(PLATFORM, "size", SIZE, OTHER),
    KEY(PLATFORM, "toolsDependencies", NO_FIELD, NEED),
    KEY(NEED, "packager", VENDOR, OTHER),
    KEY(NEED, "name", NAME, OTHER),
    KEY(NEED, "version", VERSION, OTHER),
    KEY(TOOL, "name", NAME, OTHER),
    KEY(TOOL, "version", VERSION, OTHER),
    KEY(TOOL, "systems", NO_FIELD, SYSTEM),
    KEY(SYSTEM, "host", HOST, OTHER),
    KEY(SYSTEM, "url", URL, OTHER),
    KEY(SYSTEM, "archiveFileName", FILE_NAME, OTHER),
    KEY(SYSTEM, "checksum", CHECKSUM, OTHER),
    KEY(SYSTEM, "size", SIZE, OTHER),
    KEY(LIBRARY, "name", NAME, OTHER),
    KEY(LIBRARY, "version", VERSION, OTHER),
    KEY(LIBRARY, "url", URL, OTHER),
    KEY(LIBRARY, "archiveFileName", FILE_NAME, OTHER),
    KEY(LIBRARY, "checksum", CHECKSUM, OTHER),
    KEY(LIBRARY, "size", SIZE, OTHER),
    KEY(LIBRARY, "dependencies", NO_FIELD, DEPENDENCY),
    KEY(DEPENDENCY, "name", NAME, OTHER),
    KEY(DEPENDENCY, "version", VERSION, OTHER),
};

/* What the fields of an object said so far. Shapes nest, but none is within its like, so that one
 * record a shape is enough. */
struct record {
    const char *text[FIELDS]; /* "" when not said */
    int64_t size;
    bool has_sha256;
    struct jig_digest sha256;
    const char *fault;
    size_t first; /* of the lists in it: needs, systems, dependencies, platforms */
    size_t first_tool;
};

/* The keys of a shape, and where the search for the next one begins. */
struct range {
    size_t first;
    size_t n;
    size_t next;
};

struct parser {
    struct jig_index *x;
    struct record records[SHAPES];
    enum shape stack[JIG_INDEX_LEVELS_MAX]; /* of the objects we are in */
    bool is_list[JIG_INDEX_LEVELS_MAX];
    const struct key *list_keys[JIG_INDEX_LEVELS_MAX]; /* of the lists that we are in */
    unsigned depth;
    const struct key *key; /* the value that comes is this one's; NULL: nobody's */
    struct range ranges[SHAPES];
    const char *last_library; /* most releases have the name of the one before */
    bool any;
    enum jig_code code;
    struct jig_err *reterr;
};

/* ---- faults ---- */

static int stop(struct parser *p, enum jig_code code, const char *what)
{
    p->code = jig_err_set(p->reterr, code, "%s", what);
    return 0;
}

static int full(struct parser *p)
{
    return stop(p, JIG_RESOURCE_EXHAUSTED, "it holds more than jig takes from one index");
}

static struct record *record(struct parser *p)
{
    return &p->records[p->stack[p->depth]];
}

static void fault(struct parser *p, struct record *r, const char *what)
{
    if (r->fault != NULL)
        return;
    const char *text = jig_index_text(p->x, what, strlen(what));
    r->fault = text != NULL ? text : "it is damaged";
}

static const char *name_of(const struct parser *p)
{
    const struct key *key = p->is_list[p->depth] ? p->list_keys[p->depth] : p->key;
    return key != NULL ? key->name : "";
}

static void bad_field(struct parser *p, const char *what)
{
    JIG_CLEANUP_FREE char *text = jig_strf("its \"%s\" %s", name_of(p), what);
    fault(p, record(p), text);
}

/* ---- values ---- */

static void set_checksum(struct parser *p, const char *s, size_t n)
{
    static const char prefix[] = "SHA-256:";
    struct record *r = record(p);
    char hex[JIG_SHA256_HEX];
    r->has_sha256 = false;
    if (n == strlen(prefix) + JIG_SHA256_HEX - 1 && memcmp(s, prefix, strlen(prefix)) == 0) {
        memcpy(hex, s + strlen(prefix), JIG_SHA256_HEX - 1);
        hex[JIG_SHA256_HEX - 1] = '\0';
        r->has_sha256 = jig_digest_parse(hex, &r->sha256);
    }
    if (!r->has_sha256)
        bad_field(p, "is not \"SHA-256:\" and 64 hexadecimal digits");
}

/* A number, or (as the specification has it) a text of digits. */
static void set_size(struct parser *p, const char *s, size_t n)
{
    char digits[24];
    int64_t size;
    struct record *r = record(p);
    bool ok = n > 0 && n < sizeof digits;
    if (ok) {
        memcpy(digits, s, n);
        digits[n] = '\0';
        ok = strspn(digits, "0123456789") == n && jig_parse_i64(digits, &size);
    }
    if (ok)
        r->size = size;
    else
        bad_field(p, "is not a number of bytes");
}

static bool is_plain(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if ((unsigned char)s[i] < 0x20 || s[i] == 0x7f)
            return false;
    }
    return true;
}

static int set_text(struct parser *p, const char *s, size_t n)
{
    struct record *r = record(p);
    enum field field = p->key->field;
    if (n > JIG_INDEX_FIELD_MAX || !is_plain(s, n)) {
        bad_field(p, n > JIG_INDEX_FIELD_MAX ? "is too long" : "has control characters");
        return 1;
    }
    const char *last = p->last_library;
    bool is_last = p->key->in == LIBRARY && field == NAME && last != NULL && strlen(last) == n &&
                   memcmp(last, s, n) == 0;
    r->text[field] = is_last ? last : jig_index_text(p->x, s, n);
    if (p->key->in == LIBRARY && field == NAME)
        p->last_library = r->text[field];
    return r->text[field] != NULL ? 1 : full(p);
}

/* ---- the ends of records ---- */

static void needs_name(struct parser *p, struct record *r, enum field field, const char *what,
                       bool (*ok)(const char *))
{
    if (ok(r->text[field]))
        return;
    JIG_CLEANUP_FREE char *text =
        jig_strf("its %s '%s' is not one that a folder may have", what, r->text[field]);
    fault(p, r, text);
}

static const char *last_word(const char *url)
{
    const char *slash = strrchr(url, '/');
    return slash != NULL ? slash + 1 : url;
}

static struct jig_archive_source archive_of(struct parser *p, struct record *r)
{
    const char *url = r->text[URL];
    const char *file = r->text[FILE_NAME][0] != '\0' ? r->text[FILE_NAME] : last_word(url);
    if (!jig_str_starts(url, "https://") && !jig_str_starts(url, "http://") &&
        !jig_str_starts(url, "file://"))
        fault(p, r, "it has no URL to download it from");
    if (!r->has_sha256)
        fault(p, r, "it has no SHA-256 checksum");
    return (struct jig_archive_source){.url = url,
                                       .file = file,
                                       .size = r->size,
                                       .has_sha256 = r->has_sha256,
                                       .sha256 = r->sha256};
}

static int end_platform(struct parser *p, struct record *r)
{
    needs_name(p, r, ARCHITECTURE, "architecture", jig_package_name_ok);
    needs_name(p, r, VERSION, "version", jig_package_version_ok);
    struct jig_archive_source archive = archive_of(p, r);
    struct jig_index_platform *out = jig_index_add_platform(p->x);
    if (out == NULL)
        return full(p);
    *out = (struct jig_index_platform){.vendor = "",
                                       .arch = r->text[ARCHITECTURE],
                                       .name = r->text[NAME],
                                       .version = r->text[VERSION],
                                       .source = p->x->source != NULL ? p->x->source : "",
                                       .archive = archive,
                                       .need_first = r->first,
                                       .need_count = p->x->need_count - r->first,
                                       .fault = r->fault};
    return 1;
}

/* A need that cannot be met is found by its name, when the plan is made. */
static int end_need(struct parser *p, struct record *r)
{
    struct jig_index_need *out = jig_index_add_need(p->x);
    if (out == NULL)
        return full(p);
    *out = (struct jig_index_need){r->text[VENDOR], r->text[NAME], r->text[VERSION]};
    if (r->fault != NULL)
        fault(p, &p->records[PLATFORM], r->fault);
    return 1;
}

static int end_tool(struct parser *p, struct record *r)
{
    needs_name(p, r, NAME, "name", jig_package_name_ok);
    needs_name(p, r, VERSION, "version", jig_package_version_ok);
    struct jig_index_tool *out = jig_index_add_tool(p->x);
    if (out == NULL)
        return full(p);
    *out = (struct jig_index_tool){.vendor = "",
                                   .name = r->text[NAME],
                                   .version = r->text[VERSION],
                                   .system_first = r->first,
                                   .system_count = p->x->system_count - r->first,
                                   .fault = r->fault};
    return 1;
}

static int end_system(struct parser *p, struct record *r)
{
    struct jig_archive_source archive = archive_of(p, r);
    struct jig_index_system *out = jig_index_add_system(p->x);
    if (out == NULL)
        return full(p);
    *out = (struct jig_index_system){r->text[HOST], archive, r->fault};
    return 1;
}

static int end_library(struct parser *p, struct record *r)
{
    needs_name(p, r, NAME, "name", jig_package_name_ok);
    needs_name(p, r, VERSION, "version", jig_package_version_ok);
    struct jig_archive_source archive = archive_of(p, r);
    struct jig_index_library *out = jig_index_add_library(p->x);
    if (out == NULL)
        return full(p);
    out->name = r->text[NAME];
    out->version = r->text[VERSION];
    out->archive = archive;
    out->dependency_first = r->first;
    out->dependency_count = p->x->dependency_count - r->first;
    out->fault = r->fault;
    return 1;
}

static int end_dependency(struct parser *p, struct record *r)
{
    struct jig_index_dependency *out = jig_index_add_dependency(p->x);
    if (out == NULL)
        return full(p);
    *out = (struct jig_index_dependency){r->text[NAME], r->text[VERSION]};
    if (r->fault != NULL)
        fault(p, &p->records[LIBRARY], r->fault);
    return 1;
}

/* Only now is the vendor's name known for sure. */
static int end_package(struct parser *p, struct record *r)
{
    struct jig_index *x = p->x;
    needs_name(p, r, NAME, "packager's name", jig_package_name_ok);
    for (size_t i = r->first; i < x->platform_count; i++) {
        x->platforms[i].vendor = r->text[NAME];
        if (r->fault != NULL && x->platforms[i].fault == NULL)
            x->platforms[i].fault = r->fault;
    }
    for (size_t i = r->first_tool; i < x->tool_count; i++) {
        x->tools[i].vendor = r->text[NAME];
        if (r->fault != NULL && x->tools[i].fault == NULL)
            x->tools[i].fault = r->fault;
    }
    return 1;
}

static int end_nothing(struct parser *p, struct record *r)
{
    (void)p;
    (void)r;
    return 1;
}

static int (*const ends[SHAPES])(struct parser *p, struct record *r) = {
    [OTHER] = end_nothing,     [ROOT] = end_nothing,    [PACKAGE] = end_package,
    [PLATFORM] = end_platform, [NEED] = end_need,       [TOOL] = end_tool,
    [SYSTEM] = end_system,     [LIBRARY] = end_library, [DEPENDENCY] = end_dependency,
};

static void begin(struct parser *p, enum shape shape)
{
    struct record *r = &p->records[shape];
    *r = (struct record){.size = -1};
    for (size_t i = 0; i < FIELDS; i++)
        r->text[i] = "";
    r->first = shape == PLATFORM  ? p->x->need_count
               : shape == TOOL    ? p->x->system_count
               : shape == LIBRARY ? p->x->dependency_count
                                  : p->x->platform_count;
    r->first_tool = p->x->tool_count;
}

/* ---- what yajl calls ---- */

/* The shape of an object that begins now: an element of a list that is known, or the whole. */
static enum shape coming(const struct parser *p)
{
    if (p->depth == 0)
        return ROOT;
    return p->is_list[p->depth] ? p->stack[p->depth] : OTHER;
}

static int push(struct parser *p, enum shape shape, bool is_list)
{
    if (p->depth + 1 >= JIG_INDEX_LEVELS_MAX)
        return stop(p, JIG_INVALID_ARGUMENT, "it is nested too deeply");
    p->depth++;
    p->stack[p->depth] = shape;
    p->is_list[p->depth] = is_list;
    p->list_keys[p->depth] = is_list ? p->key : NULL;
    return 1;
}

static int wrong_shape(struct parser *p, const char *is, const char *to_be)
{
    JIG_CLEANUP_FREE char *text =
        p->depth == 0 ? jig_strf("it is %s, not an index", is)
                      : jig_strf("its \"%s\" holds %s where %s is to be", name_of(p), is, to_be);
    return stop(p, JIG_INVALID_ARGUMENT, text);
}

static bool in_known_list(const struct parser *p)
{
    return p->depth > 0 && p->is_list[p->depth] && p->stack[p->depth] != OTHER;
}

/* A value that is neither a text nor a number. */
static int other_value(struct parser *p, const char *is)
{
    if (p->depth == 0 || in_known_list(p))
        return wrong_shape(p, is, "an object");
    if (p->key == NULL)
        return 1;
    if (p->key->list_of != OTHER)
        return wrong_shape(p, is, "a list");
    bad_field(p, "is of the wrong type");
    return 1;
}

static int on_null(void *ctx)
{
    struct parser *p = ctx;
    return p->depth > 0 && !p->is_list[p->depth] ? 1 : other_value(p, "null");
}

static int on_boolean(void *ctx, int value)
{
    (void)value;
    return other_value(ctx, "true or false");
}

static int on_number(void *ctx, const char *s, size_t n)
{
    struct parser *p = ctx;
    if (p->key == NULL || p->key->field != SIZE || p->is_list[p->depth])
        return other_value(p, "a number");
    set_size(p, s, n);
    return 1;
}

static int on_string(void *ctx, const unsigned char *s, size_t n)
{
    struct parser *p = ctx;
    if (p->key == NULL || p->is_list[p->depth] || p->key->field == NO_FIELD)
        return other_value(p, "a text");
    if (p->key->field == SIZE)
        set_size(p, (const char *)s, n);
    else if (p->key->field == CHECKSUM)
        set_checksum(p, (const char *)s, n);
    else
        return set_text(p, (const char *)s, n);
    return 1;
}

static int on_start_map(void *ctx)
{
    struct parser *p = ctx;
    enum shape shape = coming(p);
    if (shape == OTHER && p->key != NULL && !other_value(p, "an object"))
        return 0;
    if (shape != OTHER)
        begin(p, shape);
    p->key = NULL;
    return push(p, shape, false);
}

/* Objects of a kind have their keys in the same order, mostly: the search begins behind the key
 * that was found last. */
static int on_key(void *ctx, const unsigned char *s, size_t n)
{
    struct parser *p = ctx;
    enum shape in = p->stack[p->depth];
    p->key = NULL;
    if (in == OTHER)
        return 1;
    const struct range *r = &p->ranges[in];
    for (size_t i = 0, at = r->next; i < r->n; i++, at++) {
        const struct key *k = &keys[r->first + at % r->n];
        if (k->n != n || memcmp(k->name, s, n) != 0)
            continue;
        p->key = k;
        p->ranges[in].next = (at + 1) % r->n;
        return 1;
    }
    return 1;
}

static int on_end_map(void *ctx)
{
    struct parser *p = ctx;
    enum shape shape = p->stack[p->depth];
    p->key = NULL;
    if (!ends[shape](p, &p->records[shape]))
        return 0;
    p->depth--;
    return 1;
}

static int on_start_array(void *ctx)
{
    struct parser *p = ctx;
    enum shape shape = OTHER;
    if (p->depth > 0 && !p->is_list[p->depth] && p->key != NULL && p->key->list_of != OTHER) {
        shape = p->key->list_of;
        p->any = p->any || p->stack[p->depth] == ROOT;
    } else if ((p->depth == 0 || p->key != NULL || in_known_list(p)) && !other_value(p, "a list")) {
        return 0;
    }
    return push(p, shape, true);
}

static int on_end_array(void *ctx)
{
    struct parser *p = ctx;
    p->key = NULL;
    p->depth--;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* ---- from outside ---- */

struct feed {
    struct parser p;
    yajl_handle yajl;
    yajl_status status;
    size_t before; /* bytes of the pieces behind us */
    size_t failed_at;
    bool too_large;
};

static void feed_piece(void *ctx, const void *data, size_t n)
{
    struct feed *f = ctx;
    if (f->status != yajl_status_ok || f->too_large)
        return;
    if (n > JIG_INDEX_FILE_MAX - f->before) {
        f->too_large = true;
        return;
    }
    f->status = yajl_parse(f->yajl, data, n);
    if (f->status != yajl_status_ok)
        f->failed_at = f->before + yajl_get_bytes_consumed(f->yajl);
    f->before += n;
}

static enum jig_code syntax_error(const struct feed *f, struct jig_err *reterr)
{
    unsigned char *text = yajl_get_error(f->yajl, 0, NULL, 0);
    char why[128];
    snprintf(why, sizeof why, "%s", text != NULL ? (const char *)text : "it is no JSON");
    why[strcspn(why, "\n")] = '\0';
    yajl_free_error(f->yajl, text);
    return jig_err_set(reterr, JIG_INVALID_ARGUMENT, "it is not JSON at byte %zu: %s", f->failed_at,
                       why);
}

static enum jig_code finish(struct feed *f, struct jig_err *reterr)
{
    if (f->too_large)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "it has more than %u bytes",
                           JIG_INDEX_FILE_MAX);
    if (f->status == yajl_status_ok) {
        f->failed_at = f->before;
        f->status = yajl_complete_parse(f->yajl);
    }
    if (f->p.code != JIG_OK)
        return f->p.code;
    if (f->status != yajl_status_ok)
        return syntax_error(f, reterr);
    if (!f->p.any)
        return jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "it has neither \"packages\" nor \"libraries\"");
    return JIG_OK;
}

static void feed_init(struct feed *f, struct jig_index *x, struct jig_err *reterr)
{
    *f = (struct feed){.p = {.x = x, .reterr = reterr}, .status = yajl_status_ok};
    for (size_t i = JIG_COUNT(keys); i > 0; i--) {
        struct range *r = &f->p.ranges[keys[i - 1].in];
        r->first = i - 1;
        r->n++;
    }
    f->yajl = yajl_alloc(&callbacks, NULL, &f->p);
    if (f->yajl == NULL)
        abort(); /* as in core/base/mem.h */
}

enum jig_code jig_index_parse(struct jig_index *x, const char *name, const void *text, size_t n,
                              struct jig_err *reterr)
{
    struct feed f;
    feed_init(&f, x, reterr);
    feed_piece(&f, text, n);
    enum jig_code code = finish(&f, reterr);
    if (code != JIG_OK)
        jig_err_prefix(reterr, "%s", name);
    yajl_free(f.yajl);
    return code;
}

enum jig_code jig_index_read(struct jig_index *x, const char *path, struct jig_err *reterr)
{
    struct feed f;
    feed_init(&f, x, reterr);
    enum jig_code code = jig_fs_stream(path, feed_piece, &f, reterr);
    if (code == JIG_OK) {
        code = finish(&f, reterr);
        if (code != JIG_OK)
            jig_err_prefix(reterr, "%s", path);
    }
    yajl_free(f.yajl);
    return code;
}

#include "core/config/sketch_yaml.h"

#include <stddef.h>
#include <string.h>
#include <yaml.h>

#include "core/base/map.h"
#include "core/base/mem.h"
#include "core/base/nearest.h"
#include "core/base/str.h"

#define MOST_PROFILES 1000
#define MOST_ITEMS    10000 /* of one list */
#define MOST_DEPTH    32
#define MOST_ANCHORS  1000

struct reading {
    const char *file;
    yaml_document_t *document;
    struct jig_sketch_yaml *yaml;
    struct jig_err *reterr;
};

static void profile_release(struct jig_sketch_profile *p)
{
    free(p->name);
    free(p->notes);
    free(p->fqbn);
    free(p->programmer);
    free(p->port);
    free(p->protocol);
    jig_strv_release(&p->port_config);
    jig_strv_release(&p->platforms);
    jig_strv_release(&p->platform_index_urls);
    jig_strv_release(&p->libraries);
    jig_strv_release(&p->library_dirs);
}

void jig_sketch_yaml_release(struct jig_sketch_yaml *y)
{
    profile_release(&y->defaults);
    for (size_t i = 0; i < y->n_profiles; i++)
        profile_release(&y->profiles[i]);
    free(y->profiles);
    free(y->default_profile);
    jig_strv_release(&y->warnings);
    *y = (struct jig_sketch_yaml){0};
}

/* --- nodes ----------------------------------------------------------------------------------- */

static unsigned line_of(const yaml_node_t *node)
{
    return (unsigned)node->start_mark.line + 1;
}

static enum jig_code bad_node(const struct reading *r, const yaml_node_t *node, const char *fmt,
                              ...) JIG_PRINTF(3, 4);

static enum jig_code bad_node(const struct reading *r, const yaml_node_t *node, const char *fmt,
                              ...)
{
    va_list ap;
    va_start(ap, fmt);
    jig_err_setv(r->reterr, JIG_INVALID_ARGUMENT, fmt, ap);
    va_end(ap);
    if (r->reterr != NULL)
        r->reterr->reason = JIG_REASON_BAD_PROJECT;
    jig_err_prefix(r->reterr, "%s:%u", r->file, line_of(node));
    return JIG_INVALID_ARGUMENT;
}

/* The text of a scalar; NULL for anything else, and for one with a NUL in it. */
static const char *text_of(const yaml_node_t *node)
{
    if (node->type != YAML_SCALAR_NODE)
        return NULL;
    const char *text = (const char *)node->data.scalar.value;
    return strlen(text) == node->data.scalar.length ? text : NULL;
}

/* YAML's ways to say nothing, as Go's yaml.v3 reads them: an empty plain scalar, ~ and null. */
static bool is_null(const yaml_node_t *node)
{
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < JIG_COUNT(words); i++) {
        if (strcmp((const char *)node->data.scalar.value, words[i]) == 0)
            return true;
    }
    return false;
}

/* Calls `each` for the pairs of a mapping whose keys are texts, each once. */
typedef enum jig_code pair_fn(struct reading *r, void *ctx, const char *key,
                              const yaml_node_t *key_node, yaml_node_t *value);

static enum jig_code for_pairs(struct reading *r, yaml_node_t *node, const char *what,
                               pair_fn *each, void *ctx)
{
    if (is_null(node))
        return JIG_OK;
    if (node->type != YAML_MAPPING_NODE)
        return bad_node(r, node, "%s must be a mapping of keys to values", what);
    struct jig_map seen;
    jig_map_init(&seen, NULL);
    enum jig_code code = JIG_OK;
    const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
    for (; code == JIG_OK && pair < node->data.mapping.pairs.top; pair++) {
        yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
        const char *name = text_of(key);
        if (name == NULL)
            code = bad_node(r, key, "a key of %s is not a text", what);
        else if (jig_map_has(&seen, name))
            code = bad_node(r, key, "'%s' is in %s twice", name, what);
        else if (seen.count == MOST_ITEMS)
            code = bad_node(r, key, "%s has more than %d keys", what, MOST_ITEMS);
        if (code != JIG_OK)
            break;
        jig_map_set(&seen, name, r);
        code = each(r, ctx, name, key, yaml_document_get_node(r->document, pair->value));
    }
    jig_map_release(&seen);
    return code;
}

typedef enum jig_code item_fn(struct reading *r, void *ctx, yaml_node_t *item);

static enum jig_code for_items(struct reading *r, yaml_node_t *node, const char *what,
                               item_fn *each, void *ctx)
{
    if (is_null(node))
        return JIG_OK;
    if (node->type != YAML_SEQUENCE_NODE)
        return bad_node(r, node, "'%s' must be a list", what);
    enum jig_code code = JIG_OK;
    const yaml_node_item_t *item = node->data.sequence.items.start;
    if (node->data.sequence.items.top - item > MOST_ITEMS)
        return bad_node(r, node, "'%s' has more than %d items", what, MOST_ITEMS);
    for (; code == JIG_OK && item < node->data.sequence.items.top; item++)
        code = each(r, ctx, yaml_document_get_node(r->document, *item));
    return code;
}

static enum jig_code read_text(struct reading *r, const char *key, yaml_node_t *node, char **ret)
{
    if (is_null(node))
        return JIG_OK;
    const char *text = text_of(node);
    if (text == NULL)
        return bad_node(r, node, "'%s' must be a text", key);
    *ret = text[0] != '\0' ? jig_xstrdup(text) : NULL;
    return JIG_OK;
}

static void warn_unknown(struct reading *r, const char *key, const yaml_node_t *node,
                         const char *where, const struct jig_strv *known)
{
    struct jig_strv near = {0};
    jig_nearest(key, known, 1, &near);
    jig_strv_append_take(&r->yaml->warnings,
                         jig_strf("%s:%u: '%s' in %s is not known%s%s%s", r->file, line_of(node),
                                  key, where, near.n > 0 ? "; did you mean '" : "",
                                  near.n > 0 ? near.v[0] : "", near.n > 0 ? "'?" : ""));
    jig_strv_release(&near);
}

/* --- platforms and libraries ----------------------------------------------------------------- */

static enum jig_code read_port_setting(struct reading *r, void *ctx, const char *key,
                                       const yaml_node_t *key_node, yaml_node_t *value)
{
    struct jig_sketch_profile *p = ctx;
    const char *text = text_of(value);
    if (text == NULL)
        return bad_node(r, key_node, "the value of port_config '%s' must be a text", key);
    jig_strv_append_take(&p->port_config, jig_strf("%s=%s", key, text));
    return JIG_OK;
}

struct reference {
    char *platform;
    char *url;
    char *dir;
    char *dependency;
};

static void reference_release(struct reference *ref)
{
    free(ref->platform);
    free(ref->url);
    free(ref->dir);
    free(ref->dependency);
}

static enum jig_code read_reference_key(struct reading *r, void *ctx, const char *key,
                                        const yaml_node_t *key_node, yaml_node_t *value)
{
    static const struct {
        const char *key;
        size_t offset;
    } keys[] = {
        {"platform", offsetof(struct reference, platform)},
        {"platform_index_url", offsetof(struct reference, url)},
        {"dir", offsetof(struct reference, dir)},
        {"dependency", offsetof(struct reference, dependency)},
    };
    struct jig_strv known = {0};
    for (size_t i = 0; i < JIG_COUNT(keys); i++) {
        if (strcmp(keys[i].key, key) == 0) {
            jig_strv_release(&known);
            return read_text(r, key, value, (char **)((char *)ctx + keys[i].offset));
        }
        jig_strv_append(&known, keys[i].key);
    }
    warn_unknown(r, key, key_node, "a platform or library", &known);
    jig_strv_release(&known);
    return JIG_OK;
}

/* "vendor:arch" or "vendor:arch (version)" */
static bool is_platform(const char *s)
{
    const char *open = strstr(s, " (");
    size_t n = open != NULL ? (size_t)(open - s) : strlen(s);
    const char *colon = memchr(s, ':', n);
    bool named = colon != NULL && colon > s && colon + 1 < s + n;
    return named && (open == NULL || (jig_str_ends(open, ")") && strlen(open) > 3));
}

static enum jig_code take_platform(struct reading *r, struct jig_sketch_profile *p,
                                   const yaml_node_t *item, const struct reference *ref)
{
    if (ref->platform == NULL)
        return bad_node(r, item, "an item of 'platforms' has no 'platform'");
    if (!is_platform(ref->platform))
        return bad_node(r, item, "platform '%s' is not of the form 'vendor:architecture (version)'",
                        ref->platform);
    jig_strv_append(&p->platforms, ref->platform);
    if (ref->url != NULL)
        jig_strv_add_unique(&p->platform_index_urls, ref->url);
    return JIG_OK;
}

static enum jig_code read_platform(struct reading *r, void *ctx, yaml_node_t *item)
{
    struct jig_sketch_profile *p = ctx;
    struct reference ref = {0};
    enum jig_code code = for_pairs(r, item, "a platform", read_reference_key, &ref);
    if (code == JIG_OK)
        code = take_platform(r, p, item, &ref);
    reference_release(&ref);
    return code;
}

static enum jig_code read_library(struct reading *r, void *ctx, yaml_node_t *item)
{
    struct jig_sketch_profile *p = ctx;
    if (item->type == YAML_SCALAR_NODE) {
        const char *text = text_of(item);
        if (text == NULL || text[0] == '\0')
            return bad_node(r, item, "an item of 'libraries' is empty");
        jig_strv_append(&p->libraries, text);
        return JIG_OK;
    }
    struct reference ref = {0};
    enum jig_code code = for_pairs(r, item, "a library", read_reference_key, &ref);
    if (code == JIG_OK && ref.dir != NULL)
        jig_strv_append(&p->library_dirs, ref.dir);
    else if (code == JIG_OK && ref.dependency != NULL)
        jig_strv_append(&p->libraries, ref.dependency);
    else if (code == JIG_OK)
        code = bad_node(r, item,
                        "an item of 'libraries' is neither 'NAME (VERSION)' nor a 'dir' nor "
                        "a 'dependency'");
    reference_release(&ref);
    return code;
}

/* --- the file -------------------------------------------------------------------------------- */

struct key {
    const char *name;
    enum { KEY_TEXT, KEY_PORT_CONFIG, KEY_PLATFORMS, KEY_LIBRARIES } kind;
    size_t offset; /* of a text in jig_sketch_profile */
};

static const struct key profile_keys[] = {
    {"notes", KEY_TEXT, offsetof(struct jig_sketch_profile, notes)},
    {"fqbn", KEY_TEXT, offsetof(struct jig_sketch_profile, fqbn)},
    {"programmer", KEY_TEXT, offsetof(struct jig_sketch_profile, programmer)},
    {"port", KEY_TEXT, offsetof(struct jig_sketch_profile, port)},
    {"port_config", KEY_PORT_CONFIG, 0},
    {"protocol", KEY_TEXT, offsetof(struct jig_sketch_profile, protocol)},
    {"platforms", KEY_PLATFORMS, 0},
    {"libraries", KEY_LIBRARIES, 0},
};

/* The keys of the file itself that stand for the same in no profile. */
static const struct key default_keys[] = {
    {"default_fqbn", KEY_TEXT, offsetof(struct jig_sketch_profile, fqbn)},
    {"default_programmer", KEY_TEXT, offsetof(struct jig_sketch_profile, programmer)},
    {"default_port", KEY_TEXT, offsetof(struct jig_sketch_profile, port)},
    {"default_port_config", KEY_PORT_CONFIG, 0},
    {"default_protocol", KEY_TEXT, offsetof(struct jig_sketch_profile, protocol)},
};

static const struct key *find_key(const struct key *keys, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(keys[i].name, name) == 0)
            return &keys[i];
    }
    return NULL;
}

static enum jig_code read_key(struct reading *r, const struct key *key,
                              struct jig_sketch_profile *p, yaml_node_t *value)
{
    switch (key->kind) {
    case KEY_TEXT:
        return read_text(r, key->name, value, (char **)((char *)p + key->offset));
    case KEY_PORT_CONFIG:
        return for_pairs(r, value, "port_config", read_port_setting, p);
    case KEY_PLATFORMS:
        return for_items(r, value, "platforms", read_platform, p);
    case KEY_LIBRARIES:
        return for_items(r, value, "libraries", read_library, p);
    }
    return JIG_OK;
}

static enum jig_code read_profile_key(struct reading *r, void *ctx, const char *key,
                                      const yaml_node_t *key_node, yaml_node_t *value)
{
    struct jig_sketch_profile *p = ctx;
    const struct key *found = find_key(profile_keys, JIG_COUNT(profile_keys), key);
    if (found != NULL)
        return read_key(r, found, p, value);
    struct jig_strv known = {0};
    for (size_t i = 0; i < JIG_COUNT(profile_keys); i++)
        jig_strv_append(&known, profile_keys[i].name);
    JIG_CLEANUP_FREE char *where = jig_strf("profile '%s'", p->name);
    warn_unknown(r, key, key_node, where, &known);
    jig_strv_release(&known);
    return JIG_OK;
}

/* The characters that the format allows; "." and ".." would be folders. */
static bool is_profile_name(const char *s)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    return s[0] != '\0' && s[strspn(s, allowed)] == '\0' && s[strspn(s, ".")] != '\0';
}

static enum jig_code read_profile(struct reading *r, void *ctx, const char *key,
                                  const yaml_node_t *key_node, yaml_node_t *value)
{
    struct jig_sketch_yaml *y = ctx;
    if (!is_profile_name(key))
        return bad_node(r, key_node,
                        "the profile name '%s' has other characters than letters, "
                        "digits, _, . and -",
                        key);
    if (y->n_profiles == MOST_PROFILES)
        return bad_node(r, key_node, "there are more than %d profiles", MOST_PROFILES);
    y->profiles = jig_xrealloc(y->profiles, y->n_profiles + 1, sizeof *y->profiles);
    struct jig_sketch_profile *p = &y->profiles[y->n_profiles++];
    *p = (struct jig_sketch_profile){.name = jig_xstrdup(key), .line = line_of(key_node)};
    JIG_CLEANUP_FREE char *what = jig_strf("profile '%s'", key);
    return for_pairs(r, value, what, read_profile_key, p);
}

static enum jig_code read_top(struct reading *r, void *ctx, const char *key,
                              const yaml_node_t *key_node, yaml_node_t *value)
{
    struct jig_sketch_yaml *y = ctx;
    if (strcmp(key, "profiles") == 0)
        return for_pairs(r, value, "'profiles'", read_profile, y);
    if (strcmp(key, "default_profile") == 0)
        return read_text(r, key, value, &y->default_profile);
    const struct key *found = find_key(default_keys, JIG_COUNT(default_keys), key);
    if (found != NULL)
        return read_key(r, found, &y->defaults, value);
    struct jig_strv known = {0};
    jig_strv_append(&known, "profiles");
    jig_strv_append(&known, "default_profile");
    for (size_t i = 0; i < JIG_COUNT(default_keys); i++)
        jig_strv_append(&known, default_keys[i].name);
    warn_unknown(r, key, key_node, "the sketch project file", &known);
    jig_strv_release(&known);
    return JIG_OK;
}

static enum jig_code check_default_profile(struct reading *r)
{
    const struct jig_sketch_yaml *y = r->yaml;
    if (y->default_profile == NULL)
        return JIG_OK;
    struct jig_strv names = {0};
    for (size_t i = 0; i < y->n_profiles; i++)
        jig_strv_append(&names, y->profiles[i].name);
    bool found = jig_strv_contains(&names, y->default_profile);
    JIG_CLEANUP_FREE char *list = jig_strv_join(&names, ", ");
    jig_strv_release(&names);
    if (found)
        return JIG_OK;
    return jig_err_reason(r->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                          "%s: default_profile names '%s', which is not a profile%s%s", r->file,
                          y->default_profile, y->n_profiles > 0 ? "; there are: " : "", list);
}

static enum jig_code bad_syntax(const struct reading *r, const yaml_parser_t *parser)
{
    bool reader = parser->error == YAML_READER_ERROR || parser->error == YAML_MEMORY_ERROR;
    if (reader)
        return jig_err_reason(r->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT, "%s: %s",
                              r->file, parser->problem != NULL ? parser->problem : "out of memory");
    return jig_err_reason(r->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT, "%s:%zu: %s%s%s",
                          r->file, parser->problem_mark.line + 1,
                          parser->problem != NULL ? parser->problem : "this is not YAML",
                          parser->context != NULL ? " " : "",
                          parser->context != NULL ? parser->context : "");
}

/* What a start, an end or an anchor adds up to. */
struct extent {
    int depth;
    int anchors;
};

static void count_event(const yaml_event_t *event, struct extent *e)
{
    const yaml_char_t *anchor = NULL;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        anchor = event->data.sequence_start.anchor;
    else if (event->type == YAML_MAPPING_START_EVENT)
        anchor = event->data.mapping_start.anchor;
    else if (event->type == YAML_SCALAR_EVENT)
        anchor = event->data.scalar.anchor;
    e->anchors += anchor != NULL;
    e->depth += event->type == YAML_SEQUENCE_START_EVENT || event->type == YAML_MAPPING_START_EVENT;
    e->depth -= event->type == YAML_SEQUENCE_END_EVENT || event->type == YAML_MAPPING_END_EVENT;
}

/* libyaml takes time that grows with the square of the depth and of the anchors: both are looked at
 * first. A syntax error is left for the reading itself. */
static enum jig_code check_extent(const struct reading *r, yaml_parser_t *parser)
{
    struct extent e = {0};
    yaml_event_t event;
    for (bool more = true; more && yaml_parser_parse(parser, &event) != 0;) {
        size_t line = event.start_mark.line + 1;
        count_event(&event, &e);
        more = event.type != YAML_DOCUMENT_END_EVENT && event.type != YAML_STREAM_END_EVENT;
        yaml_event_delete(&event);
        if (e.depth > MOST_DEPTH || e.anchors > MOST_ANCHORS)
            return jig_err_reason(r->reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                                  "%s:%zu: there are more than %d %s", r->file, line,
                                  e.depth > MOST_DEPTH ? MOST_DEPTH : MOST_ANCHORS,
                                  e.depth > MOST_DEPTH ? "lists and mappings inside each other"
                                                       : "anchors");
    }
    return JIG_OK;
}

static enum jig_code check_extent_of(const struct reading *r, const char *text, size_t n)
{
    yaml_parser_t parser;
    if (yaml_parser_initialize(&parser) == 0)
        return jig_err_set(r->reterr, JIG_RESOURCE_EXHAUSTED, "out of memory for %s", r->file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    enum jig_code code = check_extent(r, &parser);
    yaml_parser_delete(&parser);
    return code;
}

static enum jig_code load(struct reading *r, yaml_parser_t *parser)
{
    if (yaml_parser_load(parser, r->document) == 0)
        return bad_syntax(r, parser);
    yaml_node_t *root = yaml_document_get_root_node(r->document);
    enum jig_code code = root != NULL ? for_pairs(r, root, "the file", read_top, r->yaml) : JIG_OK;
    if (code == JIG_OK)
        code = check_default_profile(r);
    yaml_document_delete(r->document);
    return code;
}

enum jig_code jig_sketch_yaml_parse(const char *file, const char *text, size_t n,
                                    struct jig_sketch_yaml *ret, struct jig_err *reterr)
{
    if (n > JIG_SKETCH_YAML_MAX)
        return jig_err_reason(reterr, JIG_INVALID_ARGUMENT, JIG_REASON_BAD_PROJECT,
                              "%s is larger than %u bytes", file, JIG_SKETCH_YAML_MAX);
    yaml_parser_t parser;
    yaml_document_t document;
    struct jig_sketch_yaml yaml = {0};
    struct reading r = {file, &document, &yaml, reterr};
    enum jig_code code = check_extent_of(&r, text, n);
    if (code != JIG_OK)
        return code;
    if (yaml_parser_initialize(&parser) == 0)
        return jig_err_set(reterr, JIG_RESOURCE_EXHAUSTED, "out of memory for %s", file);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
    code = load(&r, &parser);
    yaml_parser_delete(&parser);
    if (code == JIG_OK)
        *ret = yaml;
    else
        jig_sketch_yaml_release(&yaml);
    return code;
}

#include "core/packages/range.h"

#include <ctype.h>
#include <string.h>

#include "core/arduino/version.h"
#include "core/base/mem.h"
#include "core/base/str.h"

#define TEXT_MAX  512
#define NODES_MAX 256
#define DEPTH_MAX 16

enum op {
    OP_ANY,
    OP_EQUAL,
    OP_LESS,
    OP_LESS_EQUAL,
    OP_GREATER,
    OP_GREATER_EQUAL,
    OP_CARET,
    OP_TILDE,
    OP_PREFIX, /* 1.8.* */
    OP_NOT,
    OP_AND,
    OP_OR,
};

struct node {
    enum op op;
    char *version;
    unsigned left; /* of the nodes */
    unsigned right;
};

struct jig_range {
    char *text;
    struct node *nodes;
    size_t n;
    size_t cap;
    unsigned root;
    bool names_prerelease;
};

struct parser {
    struct jig_range *r;
    const char *at;
    unsigned depth;
    struct jig_err *reterr;
};

static enum jig_code wrong(struct parser *p, const char *why)
{
    return jig_err_set(p->reterr, JIG_INVALID_ARGUMENT, "'%s' is not a range of versions: %s",
                       p->r->text, why);
}

static enum jig_code add(struct parser *p, struct node node, unsigned *ret)
{
    struct jig_range *r = p->r;
    if (r->n >= NODES_MAX) {
        free(node.version);
        return wrong(p, "it is too long");
    }
    r->nodes = jig_grow(r->nodes, &r->cap, r->n, sizeof *r->nodes);
    r->nodes[r->n] = node;
    *ret = (unsigned)r->n++;
    return JIG_OK;
}

static void skip_blanks(struct parser *p)
{
    while (isspace((unsigned char)*p->at))
        p->at++;
}

static bool take(struct parser *p, const char *word)
{
    skip_blanks(p);
    if (!jig_str_starts(p->at, word))
        return false;
    p->at += strlen(word);
    return true;
}

static enum op take_op(struct parser *p)
{
    static const struct {
        const char *word;
        enum op op;
    } ops[] = {
        {"==", OP_EQUAL},  {"=", OP_EQUAL},       {">=", OP_GREATER_EQUAL},
        {">", OP_GREATER}, {"<=", OP_LESS_EQUAL}, {"<", OP_LESS},
        {"^", OP_CARET},   {"~>", OP_TILDE},      {"~", OP_TILDE},
    };
    for (size_t i = 0; i < JIG_COUNT(ops); i++) {
        if (take(p, ops[i].word))
            return ops[i].op;
    }
    return OP_ANY; /* none */
}

/* "1.8.*" and "1.x" -> "1.8." and "1."; "*" -> "". False when it has no such end. */
static bool cut_wildcard(char *version)
{
    for (char *part = version;;) {
        size_t n = strcspn(part, ".");
        if (n == 1 && strchr("*xX", *part) != NULL) {
            *part = '\0';
            return true;
        }
        if (part[n] == '\0')
            return false;
        part += n + 1;
    }
}

static enum jig_code parse_version(struct parser *p, unsigned *ret)
{
    enum op op = take_op(p);
    skip_blanks(p);
    size_t n = 0;
    while (isalnum((unsigned char)p->at[n]) || (p->at[n] != '\0' && strchr(".+-_*", p->at[n])))
        n++;
    if (n == 0)
        return wrong(p, *p->at == '\0' ? "a version is missing at its end"
                                       : "no version begins there");
    char *version = jig_xstrndup(p->at, n);
    p->at += n;
    if (*version == 'v' && isdigit((unsigned char)version[1]))
        memmove(version, version + 1, n);
    if (op == OP_ANY && (jig_streq(version, "*") || jig_streq(version, "latest"))) {
        free(version);
        return add(p, (struct node){.op = OP_ANY}, ret);
    }
    bool prefix = cut_wildcard(version);
    if (prefix && op != OP_ANY && op != OP_EQUAL) {
        free(version);
        return wrong(p, "a version with a wildcard takes no comparison");
    }
    op = prefix ? OP_PREFIX : op == OP_ANY ? OP_EQUAL : op;
    if (op != OP_PREFIX && op != OP_EQUAL && !jig_version_is_proper(version)) {
        free(version);
        return wrong(p, "what is compared is to be of the form 1.2.3");
    }
    if (strchr(version, '-') != NULL)
        p->r->names_prerelease = true;
    return add(p, (struct node){.op = op, .version = version}, ret);
}

static enum jig_code parse_any(struct parser *p, unsigned *ret);

static enum jig_code parse_one(struct parser *p, unsigned *ret)
{
    if (++p->depth > DEPTH_MAX)
        return wrong(p, "its parentheses are too deep");
    enum jig_code code;
    if (take(p, "!")) {
        unsigned inner;
        code = parse_one(p, &inner);
        if (code == JIG_OK)
            code = add(p, (struct node){.op = OP_NOT, .left = inner}, ret);
    } else if (take(p, "(")) {
        code = parse_any(p, ret);
        if (code == JIG_OK && !take(p, ")"))
            code = wrong(p, "a parenthesis is not closed");
    } else {
        code = parse_version(p, ret);
    }
    p->depth--;
    return code;
}

static bool all_ends(struct parser *p)
{
    skip_blanks(p);
    return *p->at == '\0' || *p->at == ')' || *p->at == '|';
}

static enum jig_code parse_all(struct parser *p, unsigned *ret)
{
    enum jig_code code = parse_one(p, ret);
    while (code == JIG_OK && !all_ends(p)) {
        unsigned right;
        if (!take(p, "&&"))
            (void)take(p, ",");
        code = parse_one(p, &right);
        if (code == JIG_OK)
            code = add(p, (struct node){.op = OP_AND, .left = *ret, .right = right}, ret);
    }
    return code;
}

static enum jig_code parse_any(struct parser *p, unsigned *ret)
{
    enum jig_code code = parse_all(p, ret);
    while (code == JIG_OK && take(p, "||")) {
        unsigned right;
        code = parse_all(p, &right);
        if (code == JIG_OK)
            code = add(p, (struct node){.op = OP_OR, .left = *ret, .right = right}, ret);
    }
    return code;
}

enum jig_code jig_range_parse(const char *text, struct jig_range **ret, struct jig_err *reterr)
{
    struct jig_range *r = jig_new(struct jig_range);
    r->text = jig_xstrdup(text != NULL ? text : "");
    struct parser p = {.r = r, .at = r->text, .reterr = reterr};
    enum jig_code code = JIG_OK;
    skip_blanks(&p);
    if (strlen(r->text) > TEXT_MAX)
        code = jig_err_set(reterr, JIG_INVALID_ARGUMENT,
                           "a range of versions has at most %d bytes, not %zu", TEXT_MAX,
                           strlen(r->text));
    else if (*p.at == '\0')
        code = add(&p, (struct node){.op = OP_ANY}, &r->root);
    else
        code = parse_any(&p, &r->root);
    if (code == JIG_OK && *p.at != '\0')
        code = wrong(&p, "something follows its end");
    if (code == JIG_OK)
        *ret = r;
    else
        jig_range_free(r);
    return code;
}

void jig_range_free(struct jig_range *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        free(r->nodes[i].version);
    free(r->nodes);
    free(r->text);
    free(r);
}

void jig_cleanup_range(struct jig_range **r)
{
    jig_range_free(*r);
}

const char *jig_range_text(const struct jig_range *r)
{
    return r->text[0] != '\0' ? r->text : "any version";
}

/* ---- matching ---- */

/* The number at place `at` (0: major) of a version: its digits without leading zeros. A missing one
 * is 0, which has none. *ret_there says whether it was written. */
static const char *part_of(const char *version, unsigned at, size_t *ret_n, bool *ret_there)
{
    const char *v = version;
    for (unsigned i = 0; i < at; i++) {
        v += strspn(v, "0123456789");
        if (*v != '.') {
            *ret_there = false;
            *ret_n = 0;
            return v;
        }
        v++;
    }
    *ret_n = strspn(v, "0123456789");
    *ret_there = *ret_n > 0;
    while (*ret_n > 0 && *v == '0') {
        v++;
        (*ret_n)--;
    }
    return v;
}

static bool same_part(const char *a, const char *b, unsigned at)
{
    size_t n;
    size_t m;
    bool there;
    const char *x = part_of(a, at, &n, &there);
    const char *y = part_of(b, at, &m, &there);
    return n == m && memcmp(x, y, n) == 0;
}

/* The part that ^base keeps last: the first that is not 0, or the last that was written. */
static unsigned caret_part(const char *base)
{
    unsigned last = 0;
    for (unsigned i = 0; i < 3; i++) {
        size_t n;
        bool there;
        (void)part_of(base, i, &n, &there);
        if (!there)
            break;
        last = i;
        if (n > 0)
            break;
    }
    return last;
}

static bool keeps(const char *version, const char *base, unsigned last)
{
    if (!jig_version_is_proper(version) || jig_version_compare(version, base) < 0)
        return false;
    for (unsigned i = 0; i <= last; i++) {
        if (!same_part(version, base, i))
            return false;
    }
    return true;
}

/* `prefix` ends in a dot, or is empty. */
static bool has_prefix(const char *version, const char *prefix)
{
    if (!jig_version_is_proper(version))
        return prefix[0] == '\0';
    unsigned at = 0;
    for (const char *p = prefix; *p != '\0'; p += strcspn(p, ".") + 1) {
        if (!same_part(version, prefix, at++))
            return false;
    }
    return true;
}

static bool node_matches(const struct jig_range *r, unsigned at, const char *version)
{
    const struct node *n = &r->nodes[at];
    size_t digits;
    bool minor;
    switch (n->op) {
    case OP_ANY:
        return true;
    case OP_EQUAL:
        return jig_version_compare(version, n->version) == 0;
    case OP_LESS:
        return jig_version_compare(version, n->version) < 0;
    case OP_LESS_EQUAL:
        return jig_version_compare(version, n->version) <= 0;
    case OP_GREATER:
        return jig_version_compare(version, n->version) > 0;
    case OP_GREATER_EQUAL:
        return jig_version_compare(version, n->version) >= 0;
    case OP_CARET:
        return keeps(version, n->version, caret_part(n->version));
    case OP_TILDE:
        (void)part_of(n->version, 1, &digits, &minor);
        return keeps(version, n->version, minor ? 1 : 0);
    case OP_PREFIX:
        return has_prefix(version, n->version);
    case OP_NOT:
        return !node_matches(r, n->left, version);
    case OP_AND:
        return node_matches(r, n->left, version) && node_matches(r, n->right, version);
    case OP_OR:
        return node_matches(r, n->left, version) || node_matches(r, n->right, version);
    }
    return false;
}

bool jig_range_matches(const struct jig_range *r, const char *version)
{
    return node_matches(r, r->root, version);
}

/* A proper version has its pre-release after the first '-'. */
static bool is_release(const char *version)
{
    return jig_version_is_proper(version) && strchr(version, '-') == NULL;
}

bool jig_range_better(const struct jig_range *r, const char *a, const char *b)
{
    if (b == NULL)
        return true;
    if (!r->names_prerelease && is_release(a) != is_release(b))
        return is_release(a);
    return jig_version_compare(a, b) > 0;
}

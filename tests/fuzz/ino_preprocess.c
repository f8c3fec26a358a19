/*
 * From preprocessed text and ctags' answer to the final text of a sketch. Input: the preprocessed
 * text, a NUL, and JSON lines; without a NUL there are no tags.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/arduino/ctags.h"
#include "core/arduino/preprocess.h"
#include "core/arduino/prototypes.h"
#include "core/base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct jig_merged *m, const char *text, size_t len,
                  const struct jig_tags *tags)
{
    struct jig_tabs_text tabs = {0};
    if (jig_tabs_text_make(m, text, len, &tabs, NULL) != JIG_OK)
        return;
    struct jig_prototypes prototypes = {0};
    struct jig_buf out;
    jig_buf_init(&out, (size_t)1 << 30);
    if (jig_prototypes_make(m, &tabs, tags, &prototypes, NULL) == JIG_OK) {
        enum jig_code code = jig_prototypes_insert(m, &prototypes, &out, NULL);
        if (code != JIG_OK || out.len < m->len || (prototypes.n == 0 && out.len != m->len))
            abort(); /* something of the sketch was lost */
    }
    jig_buf_release(&out);
    jig_prototypes_release(&prototypes);
    jig_tabs_text_release(&tabs);
}

static void guess(const struct jig_merged *m)
{
    struct jig_buf out;
    jig_buf_init(&out, (size_t)1 << 30);
    if (jig_preprocess_guess(m, &out, NULL) == JIG_OK && out.len < m->len)
        abort();
    jig_buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    const char *nul = size > 0 ? memchr(text, '\0', size) : NULL;
    size_t len = nul != NULL ? (size_t)(nul - text) : size;
    struct jig_tags tags = {0};
    if (nul != NULL && jig_ctags_parse(nul + 1, size - len - 1, &tags, NULL) != JIG_OK)
        return 0;
    const struct jig_tab_text tabs[] = {{"/s/s.ino", text, len}, {"/s/b.ino", "int b;", 6}};
    struct jig_merged *m = NULL;
    if (jig_preprocess_merge_texts(tabs, JIG_COUNT(tabs), &m, NULL) == JIG_OK) {
        check(m, text, len, &tags);
        guess(m);
        jig_merged_free(m);
    }
    jig_tags_release(&tags);
    return 0;
}

#include "core/fetch/archive_api.h"

#include <pthread.h>

#include "core/base/mem.h"
#include "core/os/library.h"

struct jig_libarchive jig_libarchive;

static struct {
    pthread_once_t once;
    enum jig_code code;
    struct jig_err err;
} loaded = {.once = PTHREAD_ONCE_INIT};

static void load(void)
{
    /* The strings are libarchive's names; by themselves the names are ours by now. */
#define SYMBOL(name) {#name, &(name)},
    struct jig_symbol symbols[] = {JIG_LIBARCHIVE_FUNCTIONS(SYMBOL)};
#undef SYMBOL
    loaded.code = jig_os_library_load("libarchive.so.13", symbols, JIG_COUNT(symbols), &loaded.err);
}

enum jig_code jig_libarchive_load(struct jig_err *reterr)
{
    pthread_once(&loaded.once, load);
    if (loaded.code != JIG_OK && reterr != NULL)
        *reterr = loaded.err;
    return loaded.code;
}

#include "core/fetch/curl_api.h"

#include <pthread.h>

#include "core/base/mem.h"
#include "core/os/library.h"

struct jig_curl jig_curl;

static struct {
    pthread_once_t once;
    enum jig_code code;
    struct jig_err err;
} loaded = {.once = PTHREAD_ONCE_INIT};

static void load(void)
{
    /* The strings are curl's names; by themselves the names are ours by now. */
#define SYMBOL(name) {#name, &(name)},
    struct jig_symbol symbols[] = {JIG_CURL_FUNCTIONS(SYMBOL)};
#undef SYMBOL
    loaded.code = jig_os_library_load("libcurl.so.4", symbols, JIG_COUNT(symbols), &loaded.err);
    if (loaded.code == JIG_OK && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort(); /* memory is out: see mem.h */
}

enum jig_code jig_curl_load(struct jig_err *reterr)
{
    pthread_once(&loaded.once, load);
    if (loaded.code != JIG_OK && reterr != NULL)
        *reterr = loaded.err;
    return loaded.code;
}

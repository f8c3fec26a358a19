/*
 * jigd_conf.c - any bytes as a jigd.conf.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/base/mem.h"
#include "core/config/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_conf conf;
    struct jig_err err = JIG_ERR_INIT;
    char *text = jig_xcalloc(size + 1, 1);
    for (size_t i = 0; i < size; i++)
        text[i] = (char)data[i];
    jig_conf_init(&conf);
    if (jig_conf_parse(&conf, "/etc/jig/jigd.conf", text, size, &err) != JIG_OK &&
        err.message[0] == '\0')
        abort();
    jig_conf_release(&conf);
    free(text);
    return 0;
}

/*
 * sketch_yaml.c - any bytes as a sketch.yaml.
 */
#include <stdint.h>
#include <stdlib.h>

#include "core/config/sketch_yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_sketch_yaml yaml = {0};
    struct jig_err err = JIG_ERR_INIT;
    if (jig_sketch_yaml_parse("sketch.yaml", (const char *)data, size, &yaml, &err) == JIG_OK)
        jig_sketch_yaml_release(&yaml);
    else if (err.message[0] == '\0')
        abort();
    return 0;
}

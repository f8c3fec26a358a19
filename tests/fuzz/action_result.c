/* What a remote cache says that it keeps: any bytes. What is read writes the same again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "service/wire/action_result.h"
#include "service/wire/decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jig_action_result first, again;
    struct jig_arena arena;
    struct jig_buf packed;
    if (size > JIG_ACTION_RESULT_BYTES_MAX / 4)
        return 0;
    jig_arena_init(&arena, 2 * jig_wire_decode_ceiling(JIG_ACTION_RESULT_BYTES_MAX));
    jig_buf_init(&packed, JIG_ACTION_RESULT_BYTES_MAX);
    if (jig_action_result_unpack(data, size, &arena, &first, NULL) == JIG_OK) {
        jig_action_result_pack(&first, &packed);
        if (packed.failed ||
            jig_action_result_unpack(packed.data, packed.len, &arena, &again, NULL) != JIG_OK ||
            again.output_count != first.output_count || again.traces_size != first.traces_size)
            abort();
        if (first.traces_size > 0 && memcmp(first.traces, again.traces, first.traces_size) != 0)
            abort();
        for (size_t i = 0; i < first.output_count; i++) {
            if (!jig_digest_equal(&first.outputs[i].sha256, &again.outputs[i].sha256))
                abort();
        }
    }
    jig_buf_release(&packed);
    jig_arena_release(&arena);
    return 0;
}

/* Reads and writes every address above the RAM, jumps nowhere, and says so afterwards. */
#include "serial.h"

int main(void)
{
    for (uint16_t at = RAMEND + 1; at != 0; at++) {
        volatile uint8_t *p = (volatile uint8_t *)at;
        *p = (uint8_t)(*p + 1);
    }
    serial_begin();
    for (;;) {
        serial_say("alive\n");
        (void)serial_get();
    }
}

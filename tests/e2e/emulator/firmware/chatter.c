/* Talks without end: numbered lines. */
#include "serial.h"

int main(void)
{
    serial_begin();
    for (uint16_t n = 0;; n++) {
        serial_number(n);
        serial_say("\n");
    }
}

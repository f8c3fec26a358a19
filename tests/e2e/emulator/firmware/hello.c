/* Says which start this is, counted in the EEPROM, then sends back what it gets. With FILL, the
 * flash holds that many bytes more. */
#include <avr/eeprom.h>
#include <avr/pgmspace.h>

#include "serial.h"

#ifdef FILL
static const uint8_t fill[FILL] PROGMEM __attribute__((used)) = {[0 ... FILL - 1] = 0x5a};
#endif

int main(void)
{
    uint16_t starts = eeprom_read_word((uint16_t *)0) + 1; /* erased is 0xffff: the first is 0 */
    eeprom_write_word((uint16_t *)0, starts);
    serial_begin();
    serial_say("hello ");
    serial_number(starts);
    serial_say("\n");
#ifdef FILL
    serial_number(pgm_read_byte(&fill[FILL - 1]));
    serial_say("\n");
#endif
    for (;;)
        serial_put(serial_get());
}

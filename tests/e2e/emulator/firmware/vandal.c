/* Tries to erase the boot section, and its own last page, from the application. */
#include <avr/boot.h>

#include "serial.h"

int main(void)
{
    boot_page_erase(0x7e00);
    boot_page_erase(0x7d80);
    serial_begin();
    for (;;) {
        serial_say("tried\n");
        (void)serial_get();
    }
}

/* Sleeps, and wakes for timer 1 to count: 'a' to 'z' each 50 ms. At 'h' from the line it sleeps for
 * good, interrupts off; at 'w' too, but with the watchdog on. */
#include <avr/interrupt.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "serial.h"

EMPTY_INTERRUPT(TIMER1_COMPA_vect)

static void sleep_for_good(void)
{
    cli();
    sleep_enable();
    for (;;)
        sleep_cpu();
}

int main(void)
{
    wdt_disable();
    serial_begin();
    OCR1A = F_CPU / 64 / 20 - 1;
    TIMSK1 = _BV(OCIE1A);
    TCCR1B = _BV(WGM12) | _BV(CS11) | _BV(CS10);
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    serial_put('!');
    for (uint8_t n = 0;; n = (n + 1) % 26) {
        sleep_mode();
        serial_put('a' + n);
        if ((UCSR0A & _BV(RXC0)) == 0)
            continue;
        if (UDR0 == 'w')
            wdt_enable(WDTO_15MS);
        sleep_for_good();
    }
}

/*
 * serial.h - a polled USART0, 8N1, for the test programs here. BAUD is given by -D.
 */
#include <avr/io.h>
#include <stdint.h>

static inline void serial_begin(void)
{
    UBRR0 = (F_CPU + BAUD * 4L) / (BAUD * 8L) - 1;
    UCSR0A = _BV(U2X0);
    UCSR0B = _BV(RXEN0) | _BV(TXEN0);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
}

static inline void serial_put(uint8_t byte)
{
    while ((UCSR0A & _BV(UDRE0)) == 0)
        ;
    UDR0 = byte;
}

static inline uint8_t serial_get(void)
{
    while ((UCSR0A & _BV(RXC0)) == 0)
        ;
    return UDR0;
}

static inline void serial_say(const char *s)
{
    while (*s != '\0')
        serial_put((uint8_t)*s++);
}

static inline void serial_number(uint16_t n)
{
    if (n >= 10)
        serial_number(n / 10);
    serial_put('0' + n % 10);
}

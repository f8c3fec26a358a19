// Interrupts, attributes, sections and assembler.
#include <avr/interrupt.h>
#include <util/atomic.h>

volatile uint16_t ticks;
uint8_t survivor __attribute__((section(".noinit")));

void setup() {
  TCCR2A = 0;
  TCCR2B = _BV(CS22);
  TIMSK2 = _BV(TOIE2);
  stamp();
}

void loop() {
  if (now() > 500)
    restart();
}

ISR(TIMER2_OVF_vect) {
  ticks++;
}

ISR(INT0_vect, ISR_NOBLOCK) {
  survivor++;
}

EMPTY_INTERRUPT(INT1_vect)

__attribute__((noinline)) uint16_t now() {
  uint16_t t;
  ATOMIC_BLOCK(ATOMIC_RESTORESTATE) { t = ticks; }
  return t;
}

void stamp() {
  asm volatile("nop" ::: "memory");
  survivor = 1;
}

__attribute__((noreturn)) void restart() {
  cli();
  for (;;) {
  }
}

#include <Arduino.h>
#line 1 "/SKETCHES/Interrupts/Interrupts.ino"
// Interrupts, attributes, sections and assembler.
#include <avr/interrupt.h>
#include <util/atomic.h>

volatile uint16_t ticks;
uint8_t survivor __attribute__((section(".noinit")));

#line 8 "/SKETCHES/Interrupts/Interrupts.ino"
void setup();
#line 15 "/SKETCHES/Interrupts/Interrupts.ino"
void loop();
#line 30 "/SKETCHES/Interrupts/Interrupts.ino"
uint16_t now();
#line 36 "/SKETCHES/Interrupts/Interrupts.ino"
void stamp();
#line 41 "/SKETCHES/Interrupts/Interrupts.ino"
void restart();
#line 8 "/SKETCHES/Interrupts/Interrupts.ino"
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


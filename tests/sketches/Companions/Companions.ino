// Files that are none of the compiler's business lie around.
#include "data/wave.h"

void setup() {
  pinMode(11, OUTPUT);
}

void loop() {
  analogWrite(11, sample(millis() / 8));
}

byte sample(unsigned long t) {
  return pgm_read_byte(&wave[t % sizeof(wave)]);
}

#include <Arduino.h>
#line 1 "/SKETCHES/Companions/Companions.ino"
// Files that are none of the compiler's business lie around.
#include "data/wave.h"

#line 4 "/SKETCHES/Companions/Companions.ino"
void setup();
#line 8 "/SKETCHES/Companions/Companions.ino"
void loop();
#line 12 "/SKETCHES/Companions/Companions.ino"
byte sample(unsigned long t);
#line 4 "/SKETCHES/Companions/Companions.ino"
void setup() {
  pinMode(11, OUTPUT);
}

void loop() {
  analogWrite(11, sample(millis() / 8));
}

byte sample(unsigned long t) {
  return pgm_read_byte(&wave[t % sizeof(wave)]);
}


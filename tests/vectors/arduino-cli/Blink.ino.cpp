#include <Arduino.h>
#line 1 "/SKETCHES/Blink/Blink.ino"
// Digital output: two lamps that take turns.
const byte lamps[] = {LED_BUILTIN, 8};

#line 4 "/SKETCHES/Blink/Blink.ino"
void setup();
#line 9 "/SKETCHES/Blink/Blink.ino"
void loop();
#line 14 "/SKETCHES/Blink/Blink.ino"
void show(byte which, unsigned int ms);
#line 4 "/SKETCHES/Blink/Blink.ino"
void setup() {
  for (byte lamp : lamps)
    pinMode(lamp, OUTPUT);
}

void loop() {
  show(0, 700);
  show(1, 150);
}

void show(byte which, unsigned int ms) {
  for (byte i = 0; i < sizeof(lamps); i++)
    digitalWrite(lamps[i], i == which ? HIGH : LOW);
  delay(ms);
}


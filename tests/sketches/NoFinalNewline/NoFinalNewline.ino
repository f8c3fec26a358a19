#include <Arduino.h>

int last();

void setup() {
  pinMode(13, OUTPUT);
}

void loop() {
  digitalWrite(13, last() + first() > 3);
}
// the last line of this tab has no newline
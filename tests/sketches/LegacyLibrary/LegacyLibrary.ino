// A library from before library.properties.
#include <OldClock.h>

OldClock watch;

void setup() {
  Serial.begin(300);
  watch.set(23, 59, 58);
}

void loop() {
  watch.tick();
  printTwo(watch.hours());
  Serial.print(':');
  printTwo(watch.minutes());
  Serial.println();
  delay(1000);
}

void printTwo(int value) {
  if (value < 10)
    Serial.print('0');
  Serial.print(value);
}

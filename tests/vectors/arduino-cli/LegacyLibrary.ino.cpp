#include <Arduino.h>
#line 1 "/SKETCHES/LegacyLibrary/LegacyLibrary.ino"
// A library from before library.properties.
#include <OldClock.h>

OldClock watch;

#line 6 "/SKETCHES/LegacyLibrary/LegacyLibrary.ino"
void setup();
#line 11 "/SKETCHES/LegacyLibrary/LegacyLibrary.ino"
void loop();
#line 20 "/SKETCHES/LegacyLibrary/LegacyLibrary.ino"
void printTwo(int value);
#line 6 "/SKETCHES/LegacyLibrary/LegacyLibrary.ino"
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


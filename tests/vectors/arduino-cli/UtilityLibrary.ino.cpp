#include <Arduino.h>
#line 1 "/SKETCHES/UtilityLibrary/UtilityLibrary.ino"
// A flat library with a utility folder, whose headers only its own files see.
#include <Lantern.h>

Lantern lantern(6);

#line 6 "/SKETCHES/UtilityLibrary/UtilityLibrary.ino"
void setup();
#line 10 "/SKETCHES/UtilityLibrary/UtilityLibrary.ino"
void loop();
#line 14 "/SKETCHES/UtilityLibrary/UtilityLibrary.ino"
int step();
#line 6 "/SKETCHES/UtilityLibrary/UtilityLibrary.ino"
void setup() {
  lantern.begin();
}

void loop() {
  lantern.flicker(step());
}

int step() {
  static int at;
  return at = (at + 7) % 256;
}


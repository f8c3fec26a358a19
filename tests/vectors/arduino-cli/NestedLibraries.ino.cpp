#include <Arduino.h>
#line 1 "/SKETCHES/NestedLibraries/NestedLibraries.ino"
// A library that includes another, which includes a third; found by that alone.
#include <Beacon.h>

#line 4 "/SKETCHES/NestedLibraries/NestedLibraries.ino"
void setup();
#line 8 "/SKETCHES/NestedLibraries/NestedLibraries.ino"
void loop();
#line 12 "/SKETCHES/NestedLibraries/NestedLibraries.ino"
int pause();
#line 4 "/SKETCHES/NestedLibraries/NestedLibraries.ino"
void setup() {
  beaconBegin();
}

void loop() {
  beaconBlink(pause());
}

int pause() {
  return 3 * beaconPin();
}


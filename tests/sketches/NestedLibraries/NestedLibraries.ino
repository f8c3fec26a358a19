// A library that includes another, which includes a third; found by that alone.
#include <Beacon.h>

void setup() {
  beaconBegin();
}

void loop() {
  beaconBlink(pause());
}

int pause() {
  return 3 * beaconPin();
}

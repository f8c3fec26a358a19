#include "Beacon.h"

#include <Lantern.h>

#include "pins.h"

static Lantern lamp(BEACON_PIN);

void beaconBegin() {
  lamp.begin();
}

void beaconBlink(int times) {
  while (times-- > 0)
    lamp.flicker(times);
}

int beaconPin() {
  return beaconPinFromEeprom(BEACON_PIN);
}

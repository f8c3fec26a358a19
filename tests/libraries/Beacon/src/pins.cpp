#include "pins.h"

#include <EEPROM.h>

int beaconPinFromEeprom(int fallback) {
  int pin = EEPROM.read(0);
  return pin < 14 ? pin : fallback;
}

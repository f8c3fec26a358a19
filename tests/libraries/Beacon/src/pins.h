#define BEACON_PIN 5
int beaconPinFromEeprom(int fallback);

#include <Arduino.h>
#line 1 "/SKETCHES/EepromCounter/EepromCounter.ino"
// EEPROM: counts how often it was started, with a checksum.
#include <EEPROM.h>

struct Record {
  unsigned long starts;
  byte check;
};

#line 9 "/SKETCHES/EepromCounter/EepromCounter.ino"
byte checksum(const Record &r);
#line 17 "/SKETCHES/EepromCounter/EepromCounter.ino"
void setup();
#line 30 "/SKETCHES/EepromCounter/EepromCounter.ino"
void loop();
#line 33 "/SKETCHES/EepromCounter/EepromCounter.ino"
void wipeRest();
#line 9 "/SKETCHES/EepromCounter/EepromCounter.ino"
byte checksum(const Record &r) {
  byte sum = 0xA5;
  const byte *p = (const byte *)&r;
  for (unsigned i = 0; i < sizeof(r.starts); i++)
    sum ^= p[i];
  return sum;
}

void setup() {
  Record r;
  EEPROM.get(0, r);
  if (r.check != checksum(r))
    r.starts = 0;
  r.starts++;
  r.check = checksum(r);
  EEPROM.put(0, r);
  Serial.begin(9600);
  Serial.println(r.starts);
  wipeRest();
}

void loop() {
}

void wipeRest() {
  for (int i = sizeof(Record); i < (int)EEPROM.length(); i++)
    EEPROM.update(i, 0);
}


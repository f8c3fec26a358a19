#include <Arduino.h>
#line 1 "/SKETCHES/WireList/WireList.ino"
// Wire: who answers on the bus?
#include <Wire.h>

#line 4 "/SKETCHES/WireList/WireList.ino"
void setup();
#line 10 "/SKETCHES/WireList/WireList.ino"
void loop();
#line 20 "/SKETCHES/WireList/WireList.ino"
bool answers(byte address);
#line 25 "/SKETCHES/WireList/WireList.ino"
int readRegister(byte address, byte reg);
#line 4 "/SKETCHES/WireList/WireList.ino"
void setup() {
  Wire.begin();
  Wire.setClock(400000);
  Serial.begin(9600);
}

void loop() {
  byte found = 0;
  for (byte address = 8; address < 120; address++)
    found += answers(address);
  Serial.println(found);
  if (found > 0)
    readRegister(0x68, 0x75);
  delay(5000);
}

bool answers(byte address) {
  Wire.beginTransmission(address);
  return Wire.endTransmission() == 0;
}

int readRegister(byte address, byte reg) {
  Wire.beginTransmission(address);
  Wire.write(reg);
  Wire.endTransmission(false);
  Wire.requestFrom(address, (byte)1);
  return Wire.available() ? Wire.read() : -1;
}


// SoftwareSerial: a bridge between two ports, with its interrupts.
#include <SoftwareSerial.h>

SoftwareSerial side(10, 11);

void setup() {
  Serial.begin(57600);
  side.begin(4800);
}

void loop() {
  pump(Serial, side);
  pump(side, Serial);
}

void pump(Stream &from, Print &to) {
  if (from.available())
    to.write(from.read());
}

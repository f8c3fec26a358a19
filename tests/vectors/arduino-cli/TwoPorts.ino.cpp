#include <Arduino.h>
#line 1 "/SKETCHES/TwoPorts/TwoPorts.ino"
// SoftwareSerial: a bridge between two ports, with its interrupts.
#include <SoftwareSerial.h>

SoftwareSerial side(10, 11);

#line 6 "/SKETCHES/TwoPorts/TwoPorts.ino"
void setup();
#line 11 "/SKETCHES/TwoPorts/TwoPorts.ino"
void loop();
#line 16 "/SKETCHES/TwoPorts/TwoPorts.ino"
void pump(Stream &from, Print &to);
#line 6 "/SKETCHES/TwoPorts/TwoPorts.ino"
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


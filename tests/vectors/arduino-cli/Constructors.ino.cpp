#include <Arduino.h>
#line 1 "/SKETCHES/Constructors/Constructors.ino"
// Global constructors in tabs, sources and a library: their order is the order of the objects.
#include <Beacon.h>

#include "shapes.h"
#include "tracer.h"

Tracer mainTab('m');

#line 9 "/SKETCHES/Constructors/Constructors.ino"
void setup();
#line 14 "/SKETCHES/Constructors/Constructors.ino"
void loop();
#line 3 "/SKETCHES/Constructors/Later.ino"
int spare();
#line 9 "/SKETCHES/Constructors/Constructors.ino"
void setup() {
  Serial.begin(9600);
  Serial.println(Tracer::trail());
}

void loop() {
  Shape *shapes[] = {new Disc(2), new Square(3)};
  for (Shape *s : shapes) {
    Serial.println(s->area());
    delete s;
  }
  beaconBlink(1);
}

#line 1 "/SKETCHES/Constructors/Later.ino"
Tracer laterTab('l');

int spare() {
  return 4;
}


// Global constructors in tabs, sources and a library: their order is the order of the objects.
#include <Beacon.h>

#include "shapes.h"
#include "tracer.h"

Tracer mainTab('m');

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

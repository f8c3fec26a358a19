// A flat library with a utility folder, whose headers only its own files see.
#include <Lantern.h>

Lantern lantern(6);

void setup() {
  lantern.begin();
}

void loop() {
  lantern.flicker(step());
}

int step() {
  static int at;
  return at = (at + 7) % 256;
}

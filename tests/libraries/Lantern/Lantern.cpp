#include "Lantern.h"

#include <noise.h>

Lantern::Lantern(byte pin) : pin_(pin) {}

void Lantern::begin() {
  pinMode(pin_, OUTPUT);
}

void Lantern::flicker(int seed) {
  analogWrite(pin_, lantern_noise(seed));
}

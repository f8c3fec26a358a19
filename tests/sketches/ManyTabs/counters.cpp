#include <Arduino.h>

#include "counters.h"
#include "shared.h"

static unsigned value = note('c');

void counterTick() {
  value += digitalRead(2);
}

unsigned counterValue() {
  return value;
}

int note(char which) {
  static int notes;
  return notes = notes * 3 + which;
}

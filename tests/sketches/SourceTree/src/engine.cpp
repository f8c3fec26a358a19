#include "engine.h"

#include <Arduino.h>

#include "../extras/limits.h"
#include "parts/gear.h"

static int position = gear_ratio(LIMIT);

void engineStart(int limit) {
  pinMode(limit % 14, OUTPUT);
}

void engineTurn(int by) {
  position += gear_ratio(by);
  analogWrite(3, position);
}

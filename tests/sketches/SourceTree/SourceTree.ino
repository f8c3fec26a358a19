// src/ is compiled recursively; other folders only lend their headers.
#include "extras/limits.h"
#include "src/engine.h"
#include "src/parts/deep/piston.hpp"

void setup() {
  engineStart(LIMIT);
}

void loop() {
  engineTurn(stroke(analogRead(0)));
}

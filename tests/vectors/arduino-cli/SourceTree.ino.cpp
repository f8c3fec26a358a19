#include <Arduino.h>
#line 1 "/SKETCHES/SourceTree/SourceTree.ino"
// src/ is compiled recursively; other folders only lend their headers.
#include "extras/limits.h"
#include "src/engine.h"
#include "src/parts/deep/piston.hpp"

#line 6 "/SKETCHES/SourceTree/SourceTree.ino"
void setup();
#line 10 "/SKETCHES/SourceTree/SourceTree.ino"
void loop();
#line 6 "/SKETCHES/SourceTree/SourceTree.ino"
void setup() {
  engineStart(LIMIT);
}

void loop() {
  engineTurn(stroke(analogRead(0)));
}


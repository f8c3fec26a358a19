#include "blink.h"

#include <Arduino.h>

bool blink() {
  static bool lit = false;
  lit = !lit;
  digitalWrite(LED_BUILTIN, lit ? HIGH : LOW);
  return lit;
}

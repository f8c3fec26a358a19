#include <Arduino.h>

#include "blink.h"

void setup() {
  Serial.begin(115200);
  pinMode(LED_BUILTIN, OUTPUT);
}

void loop() {
  Serial.println(blink() ? F("on") : F("off"));
  delay(BLINK_MS);
}

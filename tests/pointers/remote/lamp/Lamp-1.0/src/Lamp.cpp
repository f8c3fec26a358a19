#include "Lamp.h"

#include <Arduino.h>

void lamp_on(int pin)
{
    pinMode(pin, OUTPUT);
    digitalWrite(pin, HIGH);
}

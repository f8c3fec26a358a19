// Everything but this file exists as a pointer only.
#include <Arduino.h>
#include <Lamp.h>

#include "pins.h"

extern "C" {
extern const char _binary_data_logo_bin_start[] PROGMEM;
extern const char _binary_data_logo_bin_end[] PROGMEM;
extern const char _binary_data_hello_txt_start[] PROGMEM;
extern const char answer[]; // its address is the linker script's
}

int extra();

void setup()
{
    Serial.begin(9600);
    lamp_on(LAMP_PIN);
    for (const char *p = _binary_data_logo_bin_start; p != _binary_data_logo_bin_end; p++)
        Serial.write(pgm_read_byte(p));
    Serial.println(reinterpret_cast<const __FlashStringHelper *>(_binary_data_hello_txt_start));
    Serial.println(reinterpret_cast<uint16_t>(answer) + extra());
}

void loop() {}

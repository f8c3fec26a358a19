#include <Arduino.h>
#line 1 "/SKETCHES/ConditionalIncludes/ConditionalIncludes.ino"
// Includes that only one board sees: no library may be taken for the others.
#if defined(ARDUINO_ARCH_AVR)
#include <EEPROM.h>
#elif defined(ARDUINO_ARCH_NEVER)
#include <NoSuchLibraryAnywhere.h>
#endif

#define WANT_SPI 0
#if WANT_SPI
#include <SPI.h>
#endif

#ifdef NEVER_DEFINED
#include "not_there.h"
void neverSeen(NotAType x) {
}
#endif

#if 0
void commentedOut(Foo x) {
}
#endif

#line 24 "/SKETCHES/ConditionalIncludes/ConditionalIncludes.ino"
void setup();
#line 30 "/SKETCHES/ConditionalIncludes/ConditionalIncludes.ino"
void loop();
#line 34 "/SKETCHES/ConditionalIncludes/ConditionalIncludes.ino"
void remember(byte value);
#line 24 "/SKETCHES/ConditionalIncludes/ConditionalIncludes.ino"
void setup() {
#ifdef EEPROM_h
  remember(EEPROM.read(3));
#endif
}

void loop() {
}

#ifdef EEPROM_h
void remember(byte value) {
  EEPROM.write(4, value);
}
#else
void remember(byte value, byte other) {
}
#endif


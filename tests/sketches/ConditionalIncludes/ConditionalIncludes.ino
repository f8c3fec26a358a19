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

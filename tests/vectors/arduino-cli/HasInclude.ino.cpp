#include <Arduino.h>
#line 1 "/SKETCHES/HasInclude/HasInclude.ino"
// __has_include: true only once something else brought the library in.
#ifdef __has_include
#if __has_include(<NoSuchLibraryAnywhere.h>)
#error "found what is not there"
#endif
#if __has_include(<avr/wdt.h>)
#include <avr/wdt.h>
#define HAVE_WATCHDOG 1
#endif
#if __has_include("local_settings.h")
#include "local_settings.h"
#endif
#if __has_include(<Lantern.h>)
#define LANTERN_BEFORE 1
#endif
#endif

#include <Beacon.h>

#ifndef INTERVAL
#define INTERVAL 3
#endif

#line 24 "/SKETCHES/HasInclude/HasInclude.ino"
void setup();
#line 33 "/SKETCHES/HasInclude/HasInclude.ino"
void loop();
#line 38 "/SKETCHES/HasInclude/HasInclude.ino"
void beat();
#line 24 "/SKETCHES/HasInclude/HasInclude.ino"
void setup() {
#ifdef HAVE_WATCHDOG
  wdt_disable();
#endif
#ifdef LANTERN_BEFORE
  pinMode(3, OUTPUT);
#endif
}

void loop() {
  delay(INTERVAL);
  beat();
}

void beat() {
  PORTB ^= _BV(beaconPin() & 7);
}


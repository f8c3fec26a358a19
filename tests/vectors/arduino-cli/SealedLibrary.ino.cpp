#include <Arduino.h>
#line 1 "/SKETCHES/SealedLibrary/SealedLibrary.ino"
// Precompiled libraries, one with a source beside it and one in full.
#include <Sealed.h>
#include <Vault.h>

#line 5 "/SKETCHES/SealedLibrary/SealedLibrary.ino"
void setup();
#line 9 "/SKETCHES/SealedLibrary/SealedLibrary.ino"
void loop();
#line 13 "/SKETCHES/SealedLibrary/SealedLibrary.ino"
int scramble(int x);
#line 5 "/SKETCHES/SealedLibrary/SealedLibrary.ino"
void setup() {
  Serial.begin(9600);
}

void loop() {
  Serial.println(scramble(vaultOpen(sealedMix(analogRead(0)))));
}

int scramble(int x) {
  return x ^ sealedKey();
}


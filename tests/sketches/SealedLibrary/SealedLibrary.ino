// Precompiled libraries, one with a source beside it and one in full.
#include <Sealed.h>
#include <Vault.h>

void setup() {
  Serial.begin(9600);
}

void loop() {
  Serial.println(scramble(vaultOpen(sealedMix(analogRead(0)))));
}

int scramble(int x) {
  return x ^ sealedKey();
}

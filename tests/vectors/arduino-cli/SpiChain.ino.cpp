#include <Arduino.h>
#line 1 "/SKETCHES/SpiChain/SpiChain.ino"
// SPI: a chain of shift registers.
#include <SPI.h>

#define LATCH 7
static byte pattern[4] = {1, 2, 4, 8};

#line 7 "/SKETCHES/SpiChain/SpiChain.ino"
void setup();
#line 12 "/SKETCHES/SpiChain/SpiChain.ino"
void loop();
#line 18 "/SKETCHES/SpiChain/SpiChain.ino"
void send(const SPISettings &settings, byte *data, size_t n);
#line 27 "/SKETCHES/SpiChain/SpiChain.ino"
static void rotate();
#line 7 "/SKETCHES/SpiChain/SpiChain.ino"
void setup() {
  pinMode(LATCH, OUTPUT);
  SPI.begin();
}

void loop() {
  send(SPISettings(2000000, MSBFIRST, SPI_MODE0), pattern, sizeof(pattern));
  rotate();
  delay(40);
}

void send(const SPISettings &settings, byte *data, size_t n) {
  SPI.beginTransaction(settings);
  digitalWrite(LATCH, LOW);
  while (n--)
    SPI.transfer(*data++);
  digitalWrite(LATCH, HIGH);
  SPI.endTransaction();
}

static void rotate() {
  for (byte &b : pattern)
    b = b << 1 | b >> 7;
}


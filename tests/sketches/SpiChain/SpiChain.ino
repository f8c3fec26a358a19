// SPI: a chain of shift registers.
#include <SPI.h>

#define LATCH 7
static byte pattern[4] = {1, 2, 4, 8};

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

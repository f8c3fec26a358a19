#ifndef LANTERN_H
#define LANTERN_H

#include <Arduino.h>

class Lantern {
public:
  explicit Lantern(byte pin);
  void begin();
  void flicker(int seed);

private:
  byte pin_;
};

#endif

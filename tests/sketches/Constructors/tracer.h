#pragma once
#include <Arduino.h>

class Tracer {
public:
  explicit Tracer(char mark);
  static const char *trail();
};

#include "piston.hpp"

int stroke(int x) {
  return x >> 2;
}

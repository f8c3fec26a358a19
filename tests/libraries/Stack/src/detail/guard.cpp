#include "guard.h"

bool stack_guard(int depth, int capacity) {
  return depth < capacity;
}

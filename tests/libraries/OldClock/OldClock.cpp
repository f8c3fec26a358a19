#include "OldClock.h"

void OldClock::set(int h, int m, int s) {
  h_ = h;
  m_ = m;
  s_ = s;
}

void OldClock::tick() {
  if (++s_ < 60)
    return;
  s_ = 0;
  if (++m_ < 60)
    return;
  m_ = 0;
  h_ = (h_ + 1) % 24;
}

// No library.properties: as libraries were before Arduino 1.5.
#include <Arduino.h>

class OldClock {
public:
  void set(int h, int m, int s);
  void tick();
  int hours() { return h_; }
  int minutes() { return m_; }

private:
  int h_, m_, s_;
};

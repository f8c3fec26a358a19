#include "tracer.h"

namespace {
char marks[16];
byte count;
}  // namespace

Tracer::Tracer(char mark) {
  if (count < sizeof(marks) - 1)
    marks[count++] = mark;
}

const char *Tracer::trail() {
  return marks;
}

#line 1 "/SKETCHES/NoFinalNewline/NoFinalNewline.ino"
#include <Arduino.h>

int last();

#line 5 "/SKETCHES/NoFinalNewline/NoFinalNewline.ino"
void setup();
#line 9 "/SKETCHES/NoFinalNewline/NoFinalNewline.ino"
void loop();
#line 1 "/SKETCHES/NoFinalNewline/a_first.ino"
int first();
#line 5 "/SKETCHES/NoFinalNewline/NoFinalNewline.ino"
void setup() {
  pinMode(13, OUTPUT);
}

void loop() {
  digitalWrite(13, last() + first() > 3);
}
// the last line of this tab has no newline
#line 1 "/SKETCHES/NoFinalNewline/a_first.ino"
int first() { return digitalRead(3) + 1; }
#line 1 "/SKETCHES/NoFinalNewline/z_last.ino"
int last() { return digitalRead(4) + 2; }
#define END_OF_TAB

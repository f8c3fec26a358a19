#include <Arduino.h>
#line 1 "/SKETCHES/ArchivedLibrary/ArchivedLibrary.ino"
// A library that asks to be linked as an archive (dot_a_linkage).
#include <Stack.h>

Stack stack;

#line 6 "/SKETCHES/ArchivedLibrary/ArchivedLibrary.ino"
void setup();
#line 10 "/SKETCHES/ArchivedLibrary/ArchivedLibrary.ino"
void loop();
#line 16 "/SKETCHES/ArchivedLibrary/ArchivedLibrary.ino"
bool full();
#line 6 "/SKETCHES/ArchivedLibrary/ArchivedLibrary.ino"
void setup() {
  Serial.begin(9600);
}

void loop() {
  stack.push(analogRead(A0));
  if (full())
    Serial.println(stack.pop());
}

bool full() {
  return stack.depth() == Stack::capacity;
}


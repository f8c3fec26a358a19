// A library that asks to be linked as an archive (dot_a_linkage).
#include <Stack.h>

Stack stack;

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

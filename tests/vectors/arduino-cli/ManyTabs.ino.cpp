#include <Arduino.h>
#line 1 "/SKETCHES/ManyTabs/ManyTabs.ino"
// The main tab; its tabs come after it in bytewise order: Zoo, alarm, beep (.pde).
#include "shared.h"
#include "counters.h"

#line 5 "/SKETCHES/ManyTabs/ManyTabs.ino"
void setup();
#line 11 "/SKETCHES/ManyTabs/ManyTabs.ino"
void loop();
#line 4 "/SKETCHES/ManyTabs/Zoo.ino"
void zooOpen();
#line 8 "/SKETCHES/ManyTabs/Zoo.ino"
int keepers();
#line 3 "/SKETCHES/ManyTabs/alarm.ino"
void alarmArm(byte level);
#line 7 "/SKETCHES/ManyTabs/alarm.ino"
bool alarmDue();
#line 3 "/SKETCHES/ManyTabs/beep.pde"
void beep(int length);
#line 5 "/SKETCHES/ManyTabs/ManyTabs.ino"
void setup() {
  Serial.begin(9600);
  zooOpen();
  alarmArm(3);
}

void loop() {
  counterTick();
  beep(alarmDue() ? asm_twice(50) : plain_c(4));
  Serial.println(order);
}

#line 1 "/SKETCHES/ManyTabs/Zoo.ino"
// Sorts before the lower-case tabs.
int order = note('Z');

void zooOpen() {
  alarmArm(keepers());
}

int keepers() {
  return 12;
}

#line 1 "/SKETCHES/ManyTabs/alarm.ino"
byte alarmLevel = note('a');

void alarmArm(byte level) {
  alarmLevel += level;
}

bool alarmDue() {
  return counterValue() > alarmLevel;
}

#line 1 "/SKETCHES/ManyTabs/beep.pde"
int beepOrder = note('b');

void beep(int length) {
  tone(5, 440, length);
}


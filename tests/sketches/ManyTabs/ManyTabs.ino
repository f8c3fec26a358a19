// The main tab; its tabs come after it in bytewise order: Zoo, alarm, beep (.pde).
#include "shared.h"
#include "counters.h"

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

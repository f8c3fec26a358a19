// Sorts before the lower-case tabs.
int order = note('Z');

void zooOpen() {
  alarmArm(keepers());
}

int keepers() {
  return 12;
}

byte alarmLevel = note('a');

void alarmArm(byte level) {
  alarmLevel += level;
}

bool alarmDue() {
  return counterValue() > alarmLevel;
}

int beepOrder = note('b');

void beep(int length) {
  tone(5, 440, length);
}

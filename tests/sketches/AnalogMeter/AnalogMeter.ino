// Analog input and output: a smoothed needle.
#define PROBE A0
#define NEEDLE 9
#define DEPTH 8

int history[DEPTH];
byte at;
long sum;

void setup() {
  analogReference(DEFAULT);
  pinMode(NEEDLE, OUTPUT);
}

void loop() {
  int raw = analogRead(PROBE);
  analogWrite(NEEDLE, scaled(smoothed(raw)));
  delayMicroseconds(250);
}

int smoothed(int raw) {
  sum += raw - history[at];
  history[at] = raw;
  at = (at + 1) % DEPTH;
  return sum / DEPTH;
}

int scaled(int value) {
  return constrain(map(value, 40, 980, 0, 255), 0, 255);
}

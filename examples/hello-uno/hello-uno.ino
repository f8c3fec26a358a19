// Says hello, then counts seconds, on the serial port and on the LED.

const unsigned long baud = 115200;

void setup() {
  Serial.begin(baud);
  pinMode(LED_BUILTIN, OUTPUT);
  Serial.println(F("Hello from an Arduino Uno"));
}

void loop() {
  static unsigned long seconds = 0;
  seconds++;
  digitalWrite(LED_BUILTIN, seconds % 2 ? HIGH : LOW);
  report(seconds);
  delay(1000);
}

// Stands after its use: sketches get their prototypes made.
void report(unsigned long seconds) {
  Serial.print(F("up for "));
  Serial.print(seconds);
  Serial.println(F(" s"));
}

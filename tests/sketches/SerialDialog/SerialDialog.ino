// Communication: a line editor on Serial, with text in flash.
const char banner[] PROGMEM = "jig test sketch";
char line[40];
size_t filled;

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  printFlash(banner);
}

void loop() {
}

void serialEvent() {
  while (Serial.available()) {
    char c = Serial.read();
    if (c == '\n')
      answer();
    else if (filled < sizeof(line) - 1)
      line[filled++] = c;
  }
}

void printFlash(const char *text) {
  while (char c = pgm_read_byte(text++))
    Serial.write(c);
  Serial.println();
}

void answer() {
  line[filled] = 0;
  Serial.print(F("you said: "));
  Serial.println(line);
  Serial.println(filled, HEX);
  filled = 0;
}

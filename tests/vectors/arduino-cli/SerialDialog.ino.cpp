#include <Arduino.h>
#line 1 "/SKETCHES/SerialDialog/SerialDialog.ino"
// Communication: a line editor on Serial, with text in flash.
const char banner[] PROGMEM = "jig test sketch";
char line[40];
size_t filled;

#line 6 "/SKETCHES/SerialDialog/SerialDialog.ino"
void setup();
#line 13 "/SKETCHES/SerialDialog/SerialDialog.ino"
void loop();
#line 16 "/SKETCHES/SerialDialog/SerialDialog.ino"
void serialEvent();
#line 26 "/SKETCHES/SerialDialog/SerialDialog.ino"
void printFlash(const char *text);
#line 32 "/SKETCHES/SerialDialog/SerialDialog.ino"
void answer();
#line 6 "/SKETCHES/SerialDialog/SerialDialog.ino"
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


#include <Arduino.h>
#line 1 "/SKETCHES/Utf8AndCrlf/Utf8AndCrlf.ino"
// Größe, 温度, and Windows line ends. ⚙
const char *unit = "°C";
const char *greeting = "Grüße, 世界";

#line 5 "/SKETCHES/Utf8AndCrlf/Utf8AndCrlf.ino"
void setup();
#line 10 "/SKETCHES/Utf8AndCrlf/Utf8AndCrlf.ino"
void loop();
#line 17 "/SKETCHES/Utf8AndCrlf/Utf8AndCrlf.ino"
float readTemperature();
#line 21 "/SKETCHES/Utf8AndCrlf/Utf8AndCrlf.ino"
void report(float value, const char *suffix);
#line 2 "/SKETCHES/Utf8AndCrlf/Ende.ino"
int ende();
#line 5 "/SKETCHES/Utf8AndCrlf/Utf8AndCrlf.ino"
void setup() {
  Serial.begin(9600);
  Serial.println(greeting);
}

void loop() {
  report(readTemperature(), \
         "\u00b5");
}

/* Кто здесь?
   Многострочный комментарий */
float readTemperature() {
  return analogRead(A0) * 0.488;  // grün
}

void report(float value, const char *suffix) {
  Serial.print(value);
  Serial.print(unit);
  Serial.println(suffix);
}

#line 1 "/SKETCHES/Utf8AndCrlf/Ende.ino"
// Nur LF: two kinds of line ends in one sketch.
int ende() { return 'ä' > 0 ? 1 : 2; }


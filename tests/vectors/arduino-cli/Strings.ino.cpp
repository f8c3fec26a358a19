#include <Arduino.h>
#line 1 "/SKETCHES/Strings/Strings.ino"
// Strings: the String class, floats and C strings.
String log_;

#line 4 "/SKETCHES/Strings/Strings.ino"
void setup();
#line 8 "/SKETCHES/Strings/Strings.ino"
void loop();
#line 16 "/SKETCHES/Strings/Strings.ino"
void note(const char *what, float value);
#line 23 "/SKETCHES/Strings/Strings.ino"
void flush();
#line 4 "/SKETCHES/Strings/Strings.ino"
void setup() {
  Serial.begin(9600);
}

void loop() {
  note("analog", analogRead(A3) * 5.0 / 1023);
  note("uptime", millis() / 1000.0f);
  if (log_.length() > 60)
    flush();
  delay(100);
}

void note(const char *what, float value) {
  log_ += what;
  log_ += '=';
  log_ += String(value, 3);
  log_.concat(';');
}

void flush() {
  log_.replace(".", ",");
  log_.toUpperCase();
  int from = 0;
  for (int to; (to = log_.indexOf(';', from)) >= 0; from = to + 1)
    Serial.println(log_.substring(from, to));
  log_ = "";
}


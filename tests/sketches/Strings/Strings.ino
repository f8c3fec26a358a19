// Strings: the String class, floats and C strings.
String log_;

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

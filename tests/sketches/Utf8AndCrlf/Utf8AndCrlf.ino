// Größe, 温度, and Windows line ends. ⚙
const char *unit = "°C";
const char *greeting = "Grüße, 世界";

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

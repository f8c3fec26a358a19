#define LAMP_PIN 13

// Prototypes that arduino-cli 1.0.4 fails at and jig gets right.
class Early {
public:
  int ask() { return later(1) + 1; }
};

Early early;
int atStart = counted();

void setup() {
  Serial.begin(9600);
  Serial.println(defaulted(4, 5, "x", 6));
  Serial.println(commented(1, 2));
  Serial.println(sumOf<int, 3>((int[3]){1, 2, 3}));
  Serial.println(trailing(early.ask()));
  Serial.println(quiet());
  Serial.println(pick("ab", "cd"));
  quoted(";");
  if (millis() > 9)
    stop();
}

struct Point {
  int x, y;
};

enum class Color : uint8_t { red, green };

void loop() {
  Point p = middle(0, 10);
  Serial.println(distance(p, Color::red));
}

int defaulted(int a, int b = 3, const char *text = "a, b)", long c = max(1, 2)) {
  return a + b + c + text[0];
}

Point middle(int from, int to) {
  Point p = {(from + to) / 2, 0};
  return p;
}

int distance(const Point &p, Color c) {
  return p.x + p.y + (int)c;
}

int commented(int a /* the first */, int b  // the second
) {
  return a - b;
}

template <typename T, int N = 4>
T sumOf(T (&&values)[N]) {
  T sum = 0;
  for (T v : values)
    sum += v;
  return sum;
}

auto trailing(int x) -> long {
  return x * 3L;
}

int quiet() noexcept {
  return atStart;
}

__attribute__((noinline)) const char *pick(const char *a, const char *b) {
  return analogRead(0) > 3 ? a : b;
}

int later(int x) {
  return x + analogRead(1);
}

int counted() {
  static int n;
  return ++n;
}

void quoted(const char *separator = ",") {
  Serial.println(separator);
}

void __attribute__((noreturn)) stop() {
  for (;;) {
  }
}

// Prototypes that need care, in ways that every builder gets right.
#include "shapes.h"

struct Reading {
  int value;
  bool good;
};

enum Mode { IDLE, BUSY };
typedef int (*Filter)(int);
typedef Reading Readings[3];

class Box {
public:
  Box(int side) : side_(side) {}
  int volume() const { return side_ * side_ * side_; }
  void grow();
  bool operator<(const Box &other) const { return side_ < other.side_; }

private:
  int side_;
};

namespace inner {
int hidden() {
  return 5;
}
}  // namespace inner

int table[] = {1, 2, 3};
volatile unsigned long beats;

void setup() {
  Serial.begin(9600);
  Reading r = take(A1);
  Reading *p = best(&r, r);
  Serial.println(p->value);
  Serial.println(name(mode(r)));
  Serial.println(apply(twice, 21));
  Serial.println(larger(3, 4));
  Box a(2), b(3);
  Serial.println(bigger(a, b).volume());
  Serial.println(area((Rect){2, 3}));
  Serial.println(total(table, 3));
  Serial.println(weighted(2, 4));
  attachInterrupt(digitalPinToInterrupt(2), onBeat, RISING);
  c_style(inner::hidden());
}

// void notAFunction() {
/* int norThis(int x) { */
const char *text = "void inString() { return; }";
const char *raw = R"~(
void inRawString() {
)~";
const char brace = '{';

void loop() {
  auto add = [](int x) { return x + 1; };
  struct Local {
    int twice(int x) { return 2 * x; }
  } local;
  Serial.println(add(local.twice(beats)));
  while (beats > 1000) { beats = 0; }
}

Reading take(int pin) {
  Reading r;
  r.value = analogRead(pin);
  r.good = r.value > 10;
  return r;
}

struct Reading *best(struct Reading *one, Reading &other) {
  return one->value > other.value ? one : &other;
}

Mode mode(const Reading &r) { return r.good ? BUSY : IDLE; }

const char *name(Mode m)
{
  return m == IDLE ? "idle" : "busy";
}

int apply(Filter filter, int x) { return filter(x); }

int twice(int x) { return 2 * x; }

template <typename T> T larger(T a, T b) { return a < b ? b : a; }

Box &bigger(Box &a, Box &b) {
  return a < b ? b : a;
}

void Box::grow() {
  side_++;
}

static inline long total(int *values, size_t n) {
  long sum = 0;
  while (n--)
    sum += values[n];
  return sum;
}

static unsigned int weighted(unsigned char a, unsigned long int b) { return a * 3 + b; }

void onBeat() {
  beats++;
}

extern "C" void c_style(int x) {
  Serial.println(x);
}

bool operator==(const Reading &l, const Reading &r) {
  return l.value == r.value;
}

float area(Rect r) { return r.w * r.h; }

int withDefault(int a, int b = 3) {
  return a + b;
}

unsigned
  long
spread(int a,
       int b)
{
  return withDefault(a) * b;
}

ISR(TIMER1_COMPA_vect) {
  beats += spread(1, 2);
}

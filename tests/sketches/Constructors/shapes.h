#pragma once
class Shape {
public:
  virtual ~Shape() {}
  virtual int area() = 0;
};

class Disc : public Shape {
public:
  explicit Disc(int r) : r_(r) {}
  int area() override { return 3 * r_ * r_; }

private:
  int r_;
};

class Square : public Shape {
public:
  explicit Square(int a) : a_(a) {}
  int area() override { return a_ * a_; }

private:
  int a_;
};

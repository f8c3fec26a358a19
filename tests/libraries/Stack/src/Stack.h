#pragma once

class Stack {
public:
  static const int capacity = 8;
  void push(int value);
  int pop();
  int depth() const { return depth_; }

private:
  int values_[capacity];
  int depth_ = 0;
};

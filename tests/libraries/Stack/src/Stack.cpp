#include "Stack.h"

#include "detail/guard.h"

void Stack::push(int value) {
  if (stack_guard(depth_, capacity))
    values_[depth_++] = value;
}

int Stack::pop() {
  return depth_ > 0 ? values_[--depth_] : 0;
}

#pragma once
struct Rect {
  int w, h;
};

#pragma once
bool stack_guard(int depth, int capacity);

#pragma once
int stroke(int x);

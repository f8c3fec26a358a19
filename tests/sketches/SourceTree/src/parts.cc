// Beside the folder parts/: the order of the two on the link line is bytewise by path.
#include <Arduino.h>

volatile int partsSeen = 1;
__attribute__((constructor)) static void seen() { partsSeen += 2; }

#define BLINKY 1

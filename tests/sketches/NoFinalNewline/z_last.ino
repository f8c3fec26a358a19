int last() { return digitalRead(4) + 2; }
#define END_OF_TAB
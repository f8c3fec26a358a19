#include "table.h"

const unsigned char lantern_table[8] = {12, 250, 99, 180, 31, 77, 203, 140};

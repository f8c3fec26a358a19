#include "noise.h"

#include <table.h>

int lantern_noise(int seed)
{
    return lantern_table[seed & 7];
}

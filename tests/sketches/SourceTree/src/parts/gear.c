#include "gear.h"

int gear_ratio(int x)
{
    return x * 7 / 3;
}

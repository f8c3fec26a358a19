#include "shared.h"

static int calls;

int plain_c(int x)
{
    return ++calls * x;
}

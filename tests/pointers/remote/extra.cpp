#include "pins.h" // beside it, were both files in the project

int extra()
{
    return LAMP_PIN;
}

#pragma once
const unsigned char wave[] PROGMEM = {
#include "wave.ipp"
};

#pragma once
void counterTick();
unsigned counterValue();

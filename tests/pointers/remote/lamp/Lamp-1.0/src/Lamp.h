#pragma once

void lamp_on(int pin);

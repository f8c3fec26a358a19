#pragma once

// Switches the LED to the other state and says which it is.
bool blink();

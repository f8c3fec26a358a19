#include "Sealed.h"

int sealedKey() {
  return 0x5A;
}

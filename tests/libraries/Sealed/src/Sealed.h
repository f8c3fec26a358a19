#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int sealedMix(int x);
#ifdef __cplusplus
}
#endif
int sealedKey();

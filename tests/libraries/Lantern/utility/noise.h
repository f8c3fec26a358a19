#ifndef LANTERN_NOISE_H
#define LANTERN_NOISE_H

#ifdef __cplusplus
extern "C"
#endif
int lantern_noise(int seed);

#endif

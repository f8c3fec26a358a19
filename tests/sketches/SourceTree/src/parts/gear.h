#pragma once
#ifdef __cplusplus
extern "C"
#endif
int gear_ratio(int x);

#pragma once
#ifdef __cplusplus
extern "C" {
#endif
int vaultOpen(int code);
#ifdef __cplusplus
}
#endif

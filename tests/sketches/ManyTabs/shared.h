#ifndef SHARED_H
#define SHARED_H

extern int order;
int note(char which);

#ifdef __cplusplus
extern "C" {
#endif
int plain_c(int x);
int asm_twice(int x);
#ifdef __cplusplus
}
#endif

#endif

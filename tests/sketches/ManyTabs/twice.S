; int asm_twice(int x), by the AVR ABI: argument and result in r25:r24
#include <avr/io.h>

    .section .text.asm_twice, "ax"
    .global asm_twice
asm_twice:
    lsl r24
    rol r25
    ret

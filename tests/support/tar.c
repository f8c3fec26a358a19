#include "tests/support/tar.h"

#include <stdio.h>
#include <string.h>

void tar_add(struct jig_buf *tar, const char *name, const char *text)
{
    char head[512] = "";
    unsigned sum = 0;
    size_t n = strlen(text);
    snprintf(head, 100, "%s", name);
    memcpy(head + 100,
           "0000644\0"
           "0000000\0"
           "0000000",
           23);
    snprintf(head + 124, 12, "%011zo", n);
    snprintf(head + 136, 12, "%011o", 0);
    memset(head + 148, ' ', 8);
    head[156] = '0';
    memcpy(head + 257, "ustar\00000", 8);
    for (size_t i = 0; i < sizeof head; i++)
        sum += (unsigned char)head[i];
    snprintf(head + 148, 8, "%06o", sum);
    jig_buf_append(tar, head, sizeof head);
    jig_buf_append(tar, text, n);
    while (tar->len % 512 != 0)
        jig_buf_putc(tar, '\0');
}

void tar_end(struct jig_buf *tar)
{
    for (int i = 0; i < 1024; i++)
        jig_buf_putc(tar, '\0');
}

#include "core/base/shared.h"

#include <string.h>

#include "core/base/mem.h"

struct shared {
    size_t owners;
    char text[];
};

static struct shared *of(char *s)
{
    return (struct shared *)(void *)(s - offsetof(struct shared, text));
}

char *jig_shared_new_n(const char *s, size_t n)
{
    struct shared *x = jig_xcalloc(1, sizeof *x + n + 1);
    x->owners = 1;
    memcpy(x->text, s, n);
    return x->text;
}

char *jig_shared_new(const char *s)
{
    return jig_shared_new_n(s, strlen(s));
}

char *jig_shared_ref(char *s)
{
    of(s)->owners++;
    return s;
}

void jig_shared_unref(char *s)
{
    if (s != NULL && --of(s)->owners == 0)
        free(of(s));
}

#include "core/os/host.h"

#if defined(__x86_64__) || defined(_M_X64)
#define CPU "x86_64"
#elif defined(__i386__)
#define CPU "i686"
#elif defined(__aarch64__)
#define CPU "aarch64"
#elif defined(__arm__)
#define CPU "arm"
#elif defined(__riscv) && __riscv_xlen == 64
#define CPU "riscv64"
#else
#define CPU "unknown"
#endif

#if defined(__linux__)
#define SYSTEM "linux"
#elif defined(__APPLE__)
#define SYSTEM "darwin"
#elif defined(_WIN32)
#define SYSTEM "mingw32"
#else
#define SYSTEM "unknown"
#endif

struct jig_host jig_host_own(void)
{
    return (struct jig_host){CPU, SYSTEM};
}

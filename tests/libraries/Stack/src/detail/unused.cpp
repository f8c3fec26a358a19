// In an archive this constructor is never linked; as a plain object it would be.
extern volatile int stack_unused;
volatile int stack_unused;
__attribute__((constructor)) static void never() { stack_unused = 77; }

#include <stdio.h>
static long fib(long n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
int main(int c, char** v) { printf("%ld\n", fib(9 + c)); }

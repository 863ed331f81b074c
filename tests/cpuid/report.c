// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Reports whether the processor says that it has SGX, as a program would find
 * it out; the exit status is 0 if it does and 1 if not. With an argument it waits
 * for the end of its input first.
 */
#include <cpuid.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	unsigned int eax, ebx, ecx, edx;

	(void)argv;
	while (argc > 1 && getchar() != EOF)
		;
	if (!__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) ||
	    !(ebx & 1U << 2)) {
		puts("no SGX");
		return 1;
	}
	if (!__get_cpuid_count(0x12, 0, &eax, &ebx, &ecx, &edx) || !(eax & 1)) {
		puts("no SGX1");
		return 1;
	}
	printf("SGX1%s\n", eax & 2 ? " SGX2" : "");
	return 0;
}

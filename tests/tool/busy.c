// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * Keeps an enclave busy, for tests and pictures of who watches it.
 *
 * Usage: busy HELLO_ENCLAVE.ELF HELLO_ENCLAVE.SIG SECONDS PAUSE_US
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include "../../examples/hello/hello.h"
#include "../../lib/softsgx.h"

int main(int argc, char **argv)
{
	struct hello_call call = { .request = HELLO_ADD, .a = 1 };
	struct softsgx_instance *encl;
	struct softsgx_error error;
	time_t end;

	if (argc != 5)
		return 2;
	if (softsgx_load(&encl, argv[1], argv[2], NULL, &error)) {
		softsgx_error_print(&error, stderr);
		return 1;
	}
	end = time(NULL) + atoi(argv[3]);
	while (time(NULL) < end) {
		if (softsgx_call(encl, &call, NULL, &error)) {
			softsgx_error_print(&error, stderr);
			return 1;
		}
		usleep((useconds_t)atoi(argv[4]));
	}
	softsgx_unload(encl);
	return 0;
}

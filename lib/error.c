// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/* Why a call failed. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include "internal.h"

int fail(struct softsgx_error *error, enum softsgx_status status,
	 const char *file, uint64_t offset, const char *format, ...)
{
	va_list args;

	if (!error)
		return status;
	error->status = status;
	error->offset = offset;
	snprintf(error->file, sizeof(error->file), "%s", file ? file : "");
	va_start(args, format);
	vsnprintf(error->reason, sizeof(error->reason), format, args);
	va_end(args);
	return status;
}

/* @what failed with errno. */
int fail_system(struct softsgx_error *error, const char *file, const char *what)
{
	return fail(error, SOFTSGX_SYSTEM, file, SOFTSGX_NO_OFFSET, "%s: %s",
		    what, strerror(errno));
}

int fail_memory(struct softsgx_error *error)
{
	errno = ENOMEM;
	return fail_system(error, NULL, "libsoftsgx");
}

/**
 * softsgx_error_print() - print an error as one line
 * @error:	what a call that failed has filled in
 * @out:	where to
 */
void softsgx_error_print(const struct softsgx_error *error, FILE *out)
{
	if (*error->file)
		fprintf(out, "%s: ", error->file);
	if (error->offset != SOFTSGX_NO_OFFSET)
		fprintf(out, "at 0x%" PRIx64 ": ", error->offset);
	fprintf(out, "%s\n", error->reason);
}

/* SPDX-License-Identifier: GPL-2.0 */
/* Current and its question, as the rules want to see them. */
#ifndef SOFTSGX_ACCESS_SUBJECT_H
#define SOFTSGX_ACCESS_SUBJECT_H

#include <linux/path.h>
#include "question.h"

#define SGX_SUBJECT_TEXTS 4

/**
 * struct sgx_current - current as a subject of the rules
 * @subject:	what the rules see of it
 * @question:	what it asks
 * @root:	the paths of the policy start here
 * @error:	a text could not be made: the errno. The answer is void then
 * @texts:	buffers of the texts that were made, by enum sgx_subject_text
 * @found:	the texts in them, NULL for what is not known
 * @verity:	digest of the object's file
 */
struct sgx_current {
	struct sgx_subject subject;
	const struct sgx_question *question;
	const struct path *root;
	int error;
	char *texts[SGX_SUBJECT_TEXTS];
	const char *found[SGX_SUBJECT_TEXTS];
	u8 verity[SGX_DIGEST_SIZE];
};

void sgx_current_init(struct sgx_current *cur,
		      const struct sgx_question *question,
		      const struct path *root);
void sgx_current_end(struct sgx_current *cur);

struct file *sgx_current_exe(void);
const struct path *sgx_file_path(struct file *file);

#endif /* SOFTSGX_ACCESS_SUBJECT_H */

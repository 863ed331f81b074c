// SPDX-License-Identifier: GPL-2.0
/*
 * What root can do to enclaves, for tests of those who have to bear it: a loss
 * of power, and changes of what is out of the EPC. doc/uapi.md has the words.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/string.h>
#include "backing.h"
#include "debug.h"
#include "encl.h"
#include "fail.h"
#include "stats.h"
#include "version.h"

#ifdef CONFIG_FAULT_INJECTION
DECLARE_FAULT_ATTR(sgx_fail);
#endif

/* A word of a command is shorter than this. */
#define DEBUG_TEXT 128

static ssize_t power_write(struct file *file, const char __user *buf,
			   size_t len, loff_t *pos)
{
	bool lose;
	int ret;

	ret = kstrtobool_from_user(buf, len, &lose);
	if (ret)
		return ret;
	if (lose)
		sgx_encl_lose_power();
	return len;
}

static const struct file_operations power_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = power_write,
	.llseek = noop_llseek,
};

/**
 * struct evicted - what is out of a page: a copy of its place
 * @contents:	the contents
 * @pcmd:	the PCMD
 */
struct evicted {
	u8 contents[PAGE_SIZE];
	struct sgx_pcmd pcmd;
};

/* What the command "save" has kept; under evicted_lock. */
static struct evicted evicted_saved, evicted_other;
static DEFINE_MUTEX(evicted_lock);

/**
 * struct place - a page that is out, for a command
 * @id:		&sgx_encl.id
 * @index:	which page, as in backing.h
 * @read:	copied from there, NULL for none
 * @write:	copied to there, NULL for none
 * @ret:	0 or an errno
 */
struct place {
	u64 id;
	unsigned long index;
	struct evicted *read;
	const struct evicted *write;
	int ret;
};

static bool place_is_out(struct sgx_encl *encl, unsigned long index)
{
	unsigned long pgno = PFN_DOWN(sgx_backing_addr(encl, index));
	unsigned long secs = sgx_backing_secs(encl);
	struct sgx_va_page *va;

	if (index < secs)
		return xa_is_value(xa_load(&encl->pages, pgno));
	if (index == secs)
		return encl->secs_out;
	va = xa_load(&encl->va.pages, index - secs - 1);
	return va && !sgx_va_resident(va);
}

static int place_copy(struct sgx_encl *encl, struct place *place)
{
	struct sgx_backing b;
	int ret;

	lockdep_assert_held(&encl->lock);

	if (!place_is_out(encl, place->index))
		return -ENOENT;
	ret = sgx_backing_get(encl, place->index, GFP_KERNEL, &b);
	if (ret)
		return ret;
	if (place->read) {
		memcpy(place->read->contents, b.data, PAGE_SIZE);
		place->read->pcmd = *b.pcmd;
	}
	if (place->write) {
		memcpy(b.data, place->write->contents, PAGE_SIZE);
		*b.pcmd = place->write->pcmd;
	}
	sgx_backing_put(&b, place->write);
	return 0;
}

static void place_visit(struct sgx_encl *encl, void *data)
{
	struct place *place = data;

	if (encl->id != place->id)
		return;
	mutex_lock(&encl->lock);
	place->ret = place_copy(encl, place);
	mutex_unlock(&encl->lock);
}

/* -ENOENT: no such enclave, or the page is not out. */
static int evicted_access(u64 id, u64 offset, struct evicted *read,
			  const struct evicted *write)
{
	struct place place = {
		.id = id,
		.index = PFN_DOWN(offset),
		.read = read,
		.write = write,
		.ret = -ENOENT,
	};

	sgx_stats_each(place_visit, &place);
	return place.ret;
}

/* The byte @at of what "flip" names; NULL for what there is not. */
static u8 *flip_byte(struct evicted *evicted, const char *what, unsigned int at)
{
	struct sgx_pcmd *pcmd = &evicted->pcmd;

	if (!strcmp(what, "contents") && at < sizeof(evicted->contents))
		return &evicted->contents[at];
	if (!strcmp(what, "mac") && at < sizeof(pcmd->mac))
		return &pcmd->mac[at];
	if (!strcmp(what, "pcmd") && at < sizeof(*pcmd))
		return (u8 *)pcmd + at;
	return NULL;
}

static int evicted_flip(u64 id, u64 offset, const char *what, unsigned int bit)
{
	u8 *byte;
	int ret;

	ret = evicted_access(id, offset, &evicted_other, NULL);
	if (ret)
		return ret;
	byte = flip_byte(&evicted_other, what, bit / 8);
	if (!byte)
		return -EINVAL;
	*byte ^= BIT(bit % 8);
	return evicted_access(id, offset, NULL, &evicted_other);
}

/* A command; see doc/uapi.md. */
static int evicted_command(const char *text)
{
	char verb[16], what[16];
	u64 id, offset;
	unsigned int bit;

	if (sscanf(text, "%15s %llu %llx %15s %u", verb, &id, &offset, what,
		   &bit) == 5)
		return strcmp(verb, "flip")
			       ? -EINVAL
			       : evicted_flip(id, offset, what, bit);
	if (sscanf(text, "%15s %llu %llx", verb, &id, &offset) != 3)
		return -EINVAL;
	if (!strcmp(verb, "save"))
		return evicted_access(id, offset, &evicted_saved, NULL);
	if (!strcmp(verb, "restore"))
		return evicted_access(id, offset, NULL, &evicted_saved);
	return -EINVAL;
}

static ssize_t evicted_write(struct file *file, const char __user *buf,
			     size_t len, loff_t *pos)
{
	char *text;
	int ret;

	if (len >= DEBUG_TEXT)
		return -EINVAL;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);

	mutex_lock(&evicted_lock);
	ret = evicted_command(text);
	mutex_unlock(&evicted_lock);
	kfree(text);
	return ret ? ret : len;
}

static const struct file_operations evicted_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = evicted_write,
	.llseek = noop_llseek,
};

/**
 * sgx_debug_init() - make the files
 * @dir:	directory in debugfs, with which they are removed
 */
void sgx_debug_init(struct dentry *dir)
{
	debugfs_create_file("power_loss", 0200, dir, NULL, &power_fops);
	debugfs_create_file("tamper", 0200, dir, NULL, &evicted_fops);
	sgx_fail_init(dir);
}

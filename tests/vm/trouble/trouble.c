// SPDX-License-Identifier: GPL-2.0
/* A module that makes the trouble that vm/run has to notice. */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/string.h>

static char *what = "none";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "none, refuse, warn, log, unload-log, leak or hang");

static int __init trouble_init(void)
{
	if (!strcmp(what, "refuse"))
		return -EINVAL;
	WARN_ON(!strcmp(what, "warn"));
	if (!strcmp(what, "log"))
		pr_err("BUG: as it was asked for\n");
	if (!strcmp(what, "leak"))
		__module_get(THIS_MODULE);
	if (!strcmp(what, "hang"))
		msleep(1000 * 1000);
	return 0;
}

static void __exit trouble_exit(void)
{
	if (!strcmp(what, "unload-log"))
		pr_err("BUG: as it was asked for\n");
}

module_init(trouble_init);
module_exit(trouble_exit);
MODULE_DESCRIPTION("Trouble on purpose");
MODULE_LICENSE("GPL");

// SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
/*
 * The rules, natively: the kernel's own parser and evaluation, against tables.
 * A row of the first table is a text that is refused, with the line and the
 * reason; a row of the second is a policy, a question and the answer, with the
 * line that gives it.
 */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "../../access/policy.h"
#include "../../arch/sgx.h"

static unsigned int passed;
static unsigned int failed;

__attribute__((format(printf, 3, 4))) static void
check(bool ok, const char *title, const char *format, ...)
{
	va_list args;

	if (ok) {
		passed++;
		return;
	}
	failed++;
	printf("not ok %s: ", title);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

#define HEX16(c) c c c c c c c c c c c c c c c c
#define HEX64(c) HEX16(c) HEX16(c) HEX16(c) HEX16(c)
#define AA	 HEX64("a")
#define BB	 HEX64("b")
#define CC	 HEX64("c")

#define HEAD	  "policy name=t version=1\n"
#define ALLOW_ALL "DEFAULT action=ALLOW\n"
#define DENY_ALL  "DEFAULT action=DENY\n"

/* ---- what is refused ---- */

struct refusal {
	const char *title;
	const char *text;
	unsigned int line;
	const char *reason;
	const char *token;
};

#define IN_RULE(rest) HEAD ALLOW_ALL "op=" rest "\n"

/* clang-format off */
static const struct refusal refusals[] = {
	{ "nothing", "", 0, "the policy is empty", "" },
	{ "blank lines only", "\n\n \t\n", 0, "the policy is empty", "" },
	{ "comments only", "# a\n#b", 0, "the policy is empty", "" },
	{ "no header", "DEFAULT action=ALLOW\n", 1,
	  "the first line is not policy name= version=", "DEFAULT" },
	{ "a rule first", "op=INIT action=ALLOW\n" HEAD, 1,
	  "the first line is not policy name= version=", "op=INIT" },
	{ "policy with a value", "policy=x\n", 1,
	  "the first line is not policy name= version=", "policy=x" },
	{ "header in capitals", "POLICY name=a version=1\n", 1,
	  "the first line is not policy name= version=", "POLICY" },
	{ "header without name", "policy version=1\n", 1,
	  "no name= behind policy", "version=1" },
	{ "header alone", "policy\n", 1, "no name= behind policy", "" },
	{ "name without value", "policy name version=1\n", 1,
	  "no name= behind policy", "name" },
	{ "empty name", "policy name= version=1\n", 1,
	  "a name has 1 to 63 characters", "name=" },
	{ "name of 64 characters", "policy name=" AA " version=1\n", 1,
	  "a name has 1 to 63 characters", NULL },
	{ "name with a slash", "policy name=a/b version=1\n", 1,
	  "a name has letters, digits, and ._-", "name=a/b" },
	{ "quoted name", "policy name=\"a\" version=1\n", 1,
	  "a name has letters, digits, and ._-", NULL },
	{ "name with a byte above 0x7f", "policy name=\xc3\xa4 version=1\n", 1,
	  "a name has letters, digits, and ._-", "name=??" },
	{ "no version", "policy name=a\n", 1, "no version= behind the name",
	  "" },
	{ "other than version", "policy name=a v=1\n", 1,
	  "no version= behind the name", "v=1" },
	{ "empty version", "policy name=a version=\n", 1, "not a number",
	  "version=" },
	{ "version with a letter", "policy name=a version=1a\n", 1,
	  "not a number", "version=1a" },
	{ "negative version", "policy name=a version=-1\n", 1, "not a number",
	  "version=-1" },
	{ "version above 64 bits", "policy name=a version=18446744073709551616\n",
	  1, "the number is too large", NULL },
	{ "something after the version", "policy name=a version=1 b=2\n", 1,
	  "something after the version", "b=2" },
	{ "a second header", HEAD HEAD ALLOW_ALL, 2,
	  "a line that begins with neither op= nor DEFAULT", "policy" },

	{ "no DEFAULT at all", HEAD "op=INIT action=ALLOW\n", 0,
	  "an operation has no DEFAULT", "create" },
	{ "DEFAULT for some only", HEAD "DEFAULT op=CREATE action=ALLOW\n", 0,
	  "an operation has no DEFAULT", "execute" },
	{ "two DEFAULTs for all", HEAD ALLOW_ALL DENY_ALL, 3,
	  "a second DEFAULT for all", "" },
	{ "two DEFAULTs for one",
	  HEAD ALLOW_ALL "DEFAULT op=INIT action=DENY\n"
			 "DEFAULT op=INIT action=DENY\n",
	  4, "a second DEFAULT for an operation", "init" },
	{ "two DEFAULTs that overlap",
	  HEAD ALLOW_ALL "DEFAULT op=INIT,DEBUG action=DENY\n"
			 "DEFAULT op=CREATE,DEBUG action=DENY\n",
	  4, "a second DEFAULT for an operation", "debug" },
	{ "DEFAULT alone", HEAD "DEFAULT\n", 2,
	  "a DEFAULT has op= or none, and action=", "" },
	{ "DEFAULT without action", HEAD "DEFAULT op=INIT\n", 2,
	  "a DEFAULT has op= or none, and action=", "" },
	{ "DEFAULT with a property",
	  HEAD "DEFAULT op=INIT debug=no action=DENY\n", 2,
	  "a DEFAULT has op= or none, and action=", "debug=no" },
	{ "DEFAULT with a property and no operation",
	  HEAD "DEFAULT debug=no action=DENY\n", 2,
	  "a DEFAULT has op= or none, and action=", "debug=no" },
	{ "DEFAULT with a value", HEAD "DEFAULT=1\n", 2,
	  "a line that begins with neither op= nor DEFAULT", "DEFAULT=1" },
	{ "default in small letters", HEAD "default action=ALLOW\n", 2,
	  "a line that begins with neither op= nor DEFAULT", "default" },
	{ "DEFAULT of an unknown operation",
	  HEAD "DEFAULT op=START action=ALLOW\n", 2, "an unknown operation",
	  "START" },
	{ "DEFAULT of no operation", HEAD "DEFAULT op= action=ALLOW\n", 2,
	  "an unknown operation", "" },
	{ "something after a DEFAULT's action",
	  HEAD "DEFAULT action=ALLOW op=INIT\n", 2,
	  "something after the action", "op=INIT" },

	{ "action first", HEAD ALLOW_ALL "action=ALLOW op=INIT\n", 3,
	  "a line that begins with neither op= nor DEFAULT", "action=ALLOW" },
	{ "a property first", HEAD ALLOW_ALL "uid=1 op=INIT action=ALLOW\n", 3,
	  "a line that begins with neither op= nor DEFAULT", "uid=1" },
	{ "op without a value", HEAD ALLOW_ALL "op INIT action=ALLOW\n", 3,
	  "a line that begins with neither op= nor DEFAULT", "op" },
	{ "a word alone", HEAD ALLOW_ALL "allow\n", 3,
	  "a line that begins with neither op= nor DEFAULT", "allow" },
	{ "an equals sign alone", HEAD ALLOW_ALL "=\n", 3,
	  "a line that begins with neither op= nor DEFAULT", "=" },
	{ "no action", IN_RULE("INIT"), 3, "no action= at the end", "" },
	{ "no action behind a property", IN_RULE("INIT debug=no"), 3,
	  "no action= at the end", "" },
	{ "action in a comment", IN_RULE("INIT #action=ALLOW"), 3,
	  "no action= at the end", "" },
	{ "action in small letters", IN_RULE("INIT action=allow"), 3,
	  "neither ALLOW nor DENY", "action=allow" },
	{ "empty action", IN_RULE("INIT action="), 3, "neither ALLOW nor DENY",
	  "action=" },
	{ "another action", IN_RULE("INIT action=AUDIT"), 3,
	  "neither ALLOW nor DENY", "action=AUDIT" },
	{ "quoted action", IN_RULE("INIT action=\"ALLOW\""), 3,
	  "neither ALLOW nor DENY", NULL },
	{ "quoted DENY", IN_RULE("INIT action=\"DENY\""), 3,
	  "neither ALLOW nor DENY", NULL },
	{ "action without a value", IN_RULE("INIT action"), 3,
	  "an unknown property", "action" },
	{ "two actions", IN_RULE("INIT action=ALLOW action=DENY"), 3,
	  "something after the action", "action=DENY" },
	{ "a property after the action", IN_RULE("INIT action=ALLOW uid=0"), 3,
	  "something after the action", "uid=0" },
	{ "a word after the action", IN_RULE("INIT action=ALLOW x"), 3,
	  "something after the action", "x" },

	{ "unknown operation", IN_RULE("START action=ALLOW"), 3,
	  "an unknown operation", "START" },
	{ "operation in small letters", IN_RULE("init action=ALLOW"), 3,
	  "an unknown operation", "init" },
	{ "part of an operation's name", IN_RULE("INI action=ALLOW"), 3,
	  "an unknown operation", "INI" },
	{ "an operation's name and more", IN_RULE("INITS action=ALLOW"), 3,
	  "an unknown operation", "INITS" },
	{ "no operation", IN_RULE(" action=ALLOW"), 3, "an unknown operation",
	  "" },
	{ "a comma at the end", IN_RULE("INIT, action=ALLOW"), 3,
	  "an unknown operation", "" },
	{ "a comma at the start", IN_RULE(",INIT action=ALLOW"), 3,
	  "an unknown operation", "" },
	{ "two commas", IN_RULE("INIT,,DEBUG action=ALLOW"), 3,
	  "an unknown operation", "" },
	{ "an operation twice", IN_RULE("INIT,DEBUG,INIT action=ALLOW"), 3,
	  "twice in the list", "INIT" },
	{ "quoted operation", IN_RULE("\"INIT\" action=ALLOW"), 3,
	  "an unknown operation", "INIT" },

	{ "unknown property", IN_RULE("INIT color=red action=ALLOW"), 3,
	  "an unknown property", "color=red" },
	{ "op twice", IN_RULE("INIT op=DEBUG action=ALLOW"), 3,
	  "an unknown property", "op=DEBUG" },
	{ "property without a value", IN_RULE("INIT debug action=ALLOW"), 3,
	  "an unknown property", "debug" },
	{ "property in capitals", IN_RULE("INIT UID=0 action=ALLOW"), 3,
	  "an unknown property", "UID=0" },
	{ "part of a property's name", IN_RULE("INIT mrencl=0 action=ALLOW"), 3,
	  "an unknown property", "mrencl=0" },
	{ "property with an empty name", IN_RULE("INIT =0 action=ALLOW"), 3,
	  "an unknown property", "=0" },
	{ "property twice", IN_RULE("INIT uid=0 uid=0 action=ALLOW"), 3,
	  "a property that is there twice", "uid=0" },
	{ "property twice, with others between",
	  IN_RULE("INIT uid=0 gid=0 debug=no uid=1 action=ALLOW"), 3,
	  "a property that is there twice", "uid=1" },

	{ "mrenclave of CREATE", IN_RULE("CREATE mrenclave=" AA " action=ALLOW"),
	  3, "a property that an operation does not have", NULL },
	{ "mrsigner of EXECUTE", IN_RULE("EXECUTE mrsigner=" AA " action=ALLOW"),
	  3, "a property that an operation does not have", NULL },
	{ "isvprodid of EXECANON", IN_RULE("EXECANON isvprodid=1 action=ALLOW"),
	  3, "a property that an operation does not have", "isvprodid=1" },
	{ "min_isvsvn of PROVISION",
	  IN_RULE("PROVISION min_isvsvn=1 action=ALLOW"), 3,
	  "a property that an operation does not have", "min_isvsvn=1" },
	{ "file of INIT", IN_RULE("INIT file=/a action=ALLOW"), 3,
	  "a property that an operation does not have", "file=/a" },
	{ "file of EXECANON", IN_RULE("EXECANON file=/a action=ALLOW"), 3,
	  "a property that an operation does not have", "file=/a" },
	{ "file of EXECMEM", IN_RULE("EXECMEM file=/a action=ALLOW"), 3,
	  "a property that an operation does not have", "file=/a" },
	{ "sigstruct of INITANON", IN_RULE("INITANON sigstruct=/a action=ALLOW"),
	  3, "a property that an operation does not have", "sigstruct=/a" },
	{ "sigstruct of EXECUTE", IN_RULE("EXECUTE sigstruct=/a action=ALLOW"),
	  3, "a property that an operation does not have", "sigstruct=/a" },
	{ "fsverity_digest of DEBUG",
	  IN_RULE("DEBUG fsverity_digest=sha256:" AA " action=ALLOW"), 3,
	  "a property that an operation does not have", NULL },
	{ "priv of CREATE", IN_RULE("CREATE priv=none action=ALLOW"), 3,
	  "a property that an operation does not have", "priv=none" },
	{ "a property that one of two operations has",
	  IN_RULE("EXECUTE,EXECANON file=/a action=ALLOW"), 3,
	  "a property that an operation does not have", "file=/a" },

	{ "digest of 63 digits",
	  IN_RULE("INIT mrenclave=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		  "aaaaaaaaaaaaaaaaaaa action=ALLOW"),
	  3, "not 64 hexadecimal digits", NULL },
	{ "digest of 65 digits", IN_RULE("INIT mrsigner=" AA "a action=ALLOW"),
	  3, "not 64 hexadecimal digits", NULL },
	{ "empty digest", IN_RULE("INIT mrsigner= action=ALLOW"), 3,
	  "not 64 hexadecimal digits", "mrsigner=" },
	{ "digest with a g", IN_RULE("INIT mrsigner=" HEX16("g") HEX16("0")
				     HEX16("0") HEX16("0") " action=ALLOW"),
	  3, "not 64 hexadecimal digits", NULL },
	{ "digest with 0x",
	  IN_RULE("INIT mrsigner=0x" HEX16("0") HEX16("0") HEX16("0")
		  "00000000000000 action=ALLOW"),
	  3, "not 64 hexadecimal digits", NULL },
	{ "quoted digest", IN_RULE("INIT mrsigner=\"" AA "\" action=ALLOW"), 3,
	  "not to be put in quotes", NULL },
	{ "verity digest without its algorithm",
	  IN_RULE("EXECUTE fsverity_digest=" AA " action=ALLOW"), 3,
	  "not a sha256: digest", NULL },
	{ "verity digest of another algorithm",
	  IN_RULE("EXECUTE fsverity_digest=sha512:" AA " action=ALLOW"), 3,
	  "not a sha256: digest", NULL },
	{ "verity digest that is too short",
	  IN_RULE("EXECUTE fsverity_digest=sha256:aa action=ALLOW"), 3,
	  "not 64 hexadecimal digits", "fsverity_digest=sha256:aa" },
	{ "verity algorithm alone",
	  IN_RULE("EXECUTE fsverity_digest=sha256: action=ALLOW"), 3,
	  "not 64 hexadecimal digits", NULL },
	{ "empty verity digest", IN_RULE("INIT fsverity_digest= action=ALLOW"),
	  3, "not a sha256: digest", NULL },
	{ "dm-verity, which IPE has",
	  IN_RULE("EXECUTE dmverity_roothash=sha256:" AA " action=ALLOW"), 3,
	  "dm-verity tells modules nothing: name the file by its path", NULL },
	{ "dm-verity of an operation without a file",
	  IN_RULE("CREATE dmverity_roothash= action=ALLOW"), 3,
	  "dm-verity tells modules nothing: name the file by its path", NULL },

	{ "isvprodid above 16 bits", IN_RULE("INIT isvprodid=65536 action=ALLOW"),
	  3, "the number is too large", "isvprodid=65536" },
	{ "min_isvsvn above 16 bits",
	  IN_RULE("INIT min_isvsvn=0x10000 action=ALLOW"), 3,
	  "the number is too large", "min_isvsvn=0x10000" },
	{ "isvprodid with a sign", IN_RULE("INIT isvprodid=+1 action=ALLOW"), 3,
	  "not a number", "isvprodid=+1" },
	{ "isvprodid empty", IN_RULE("INIT isvprodid= action=ALLOW"), 3,
	  "not a number", "isvprodid=" },
	{ "isvprodid 0x alone", IN_RULE("INIT isvprodid=0x action=ALLOW"), 3,
	  "not a number", "isvprodid=0x" },
	{ "a hexadecimal digit in a decimal number",
	  IN_RULE("INIT isvprodid=a action=ALLOW"), 3, "not a number",
	  "isvprodid=a" },
	{ "quoted number", IN_RULE("INIT uid=\"0\" action=ALLOW"), 3,
	  "not to be put in quotes", NULL },
	{ "uid -1", IN_RULE("INIT uid=4294967295 action=ALLOW"), 3,
	  "the number is too large", NULL },
	{ "gid above 32 bits", IN_RULE("INIT gid=99999999999 action=ALLOW"), 3,
	  "the number is too large", NULL },
	{ "a number of many digits",
	  IN_RULE("INIT uid=00000000000000000000000000000000000000000099999999"
		  "99999999999999999999999999 action=ALLOW"),
	  3, "the number is too large", NULL },
	{ "a user's name", IN_RULE("INIT uid=root action=ALLOW"), 3,
	  "not a number", "uid=root" },

	{ "debug=true", IN_RULE("INIT debug=true action=ALLOW"), 3,
	  "neither yes nor no", "debug=true" },
	{ "debug empty", IN_RULE("INIT debug= action=ALLOW"), 3,
	  "neither yes nor no", "debug=" },
	{ "debug=NO", IN_RULE("INIT debug=NO action=ALLOW"), 3,
	  "neither yes nor no", "debug=NO" },

	{ "attributes empty", IN_RULE("INIT attributes= action=ALLOW"), 3,
	  "not a number", "attributes=" },
	{ "attributes with an empty mask",
	  IN_RULE("INIT attributes=1/ action=ALLOW"), 3, "not a number",
	  "attributes=1/" },
	{ "attributes with an empty value",
	  IN_RULE("INIT attributes=/1 action=ALLOW"), 3, "not a number",
	  "attributes=/1" },
	{ "attributes outside of the mask",
	  IN_RULE("INIT attributes=6/4 action=ALLOW"), 3,
	  "bits outside of the mask", "attributes=6/4" },
	{ "attributes with two masks",
	  IN_RULE("INIT attributes=4/4/4 action=ALLOW"), 3, "not a number",
	  "attributes=4/4/4" },
	{ "xfrm above 64 bits",
	  IN_RULE("INIT xfrm=0x10000000000000000 action=ALLOW"), 3,
	  "the number is too large", NULL },

	{ "priv empty", IN_RULE("INIT priv= action=ALLOW"), 3,
	  "an unknown privilege", "" },
	{ "priv in capitals", IN_RULE("INIT priv=EXECUTE action=ALLOW"), 3,
	  "an unknown privilege", "EXECUTE" },
	{ "priv unknown", IN_RULE("INIT priv=execute,run action=ALLOW"), 3,
	  "an unknown privilege", "run" },
	{ "priv twice", IN_RULE("INIT priv=execute,execute action=ALLOW"), 3,
	  "twice in the list", "execute" },
	{ "priv with none in a list",
	  IN_RULE("INIT priv=execute,none action=ALLOW"), 3,
	  "an unknown privilege", "none" },
	{ "priv that is not remembered: init",
	  IN_RULE("INIT priv=init action=ALLOW"), 3,
	  "a privilege that is not remembered", "init" },
	{ "priv that is not remembered: create",
	  IN_RULE("INIT priv=create action=ALLOW"), 3,
	  "a privilege that is not remembered", "create" },
	{ "priv that is not remembered: debug",
	  IN_RULE("INIT priv=debug action=ALLOW"), 3,
	  "a privilege that is not remembered", "debug" },
	{ "priv quoted", IN_RULE("INIT priv=\"none\" action=ALLOW"), 3,
	  "not to be put in quotes", NULL },

	{ "relative path", IN_RULE("EXECUTE file=a action=ALLOW"), 3,
	  "not an absolute path", "file=a" },
	{ "empty path", IN_RULE("EXECUTE file= action=ALLOW"), 3,
	  "not an absolute path", "file=" },
	{ "empty quoted path", IN_RULE("EXECUTE file=\"\" action=ALLOW"), 3,
	  "not an absolute path", NULL },
	{ "quoted none", IN_RULE("EXECMOD file=\"none\" action=ALLOW"), 3,
	  "not an absolute path", NULL },
	{ "sigstruct=none", IN_RULE("INIT sigstruct=none action=ALLOW"), 3,
	  "this cannot be none", "sigstruct=none" },
	{ "exe=none", IN_RULE("INIT exe=none action=ALLOW"), 3,
	  "this cannot be none", "exe=none" },
	{ "backslash without quotes", IN_RULE("EXECUTE file=/a\\b action=ALLOW"),
	  3, "to be put in quotes", "file=/a\\b" },
	{ "quote in the middle", IN_RULE("EXECUTE file=/a\"b\" action=ALLOW"),
	  3, "to be put in quotes", NULL },
	{ "unknown escape", IN_RULE("EXECUTE file=\"/a\\n\" action=ALLOW"), 3,
	  "an escape other than \\\\, \\\" and \\xHH", NULL },
	{ "octal escape", IN_RULE("EXECUTE file=\"/a\\040\" action=ALLOW"), 3,
	  "an escape other than \\\\, \\\" and \\xHH", NULL },
	{ "escaped NUL", IN_RULE("EXECUTE file=\"/a\\x00\" action=ALLOW"), 3,
	  "an escape other than \\\\, \\\" and \\xHH", NULL },
	{ "escape with one digit", IN_RULE("EXECUTE file=\"/a\\x4\" action=ALLOW"),
	  3, "an escape other than \\\\, \\\" and \\xHH", NULL },
	{ "escape that is not hexadecimal",
	  IN_RULE("EXECUTE file=\"/a\\xzz\" action=ALLOW"), 3,
	  "an escape other than \\\\, \\\" and \\xHH", NULL },
	{ "quote without an end", IN_RULE("EXECUTE file=\"/a action=ALLOW"), 3,
	  "the quote has no end", "file" },
	{ "quote that ends with an escape",
	  IN_RULE("EXECUTE file=\"/a\\\" action=ALLOW"), 3,
	  "the quote has no end", "file" },
	{ "quote at the end of the text",
	  HEAD ALLOW_ALL "op=EXECUTE file=\"", 3, "the quote has no end",
	  "file" },
	{ "backslash at the end of the text",
	  HEAD ALLOW_ALL "op=EXECUTE file=\"\\", 3, "the quote has no end",
	  "file" },
	{ "quote over two lines",
	  IN_RULE("EXECUTE file=\"/a\nb\" action=ALLOW"), 3,
	  "the quote has no end", "file" },
	{ "no space behind a quote",
	  IN_RULE("EXECUTE file=\"/a\"action=ALLOW"), 3,
	  "no space after the quote", "file" },

	{ "carriage return", HEAD "DEFAULT action=ALLOW\r\n", 2,
	  "a control character", "?" },
	{ "escape character in a comment", HEAD ALLOW_ALL "# \x1b[2J\n", 3,
	  "a control character", "?" },
	{ "DEL in a path", IN_RULE("EXECUTE file=/a\x7f action=ALLOW"), 3,
	  "a control character", "?" },
	{ "vertical tab between", IN_RULE("INIT\vaction=ALLOW"), 3,
	  "a control character", "?" },
	{ "byte order mark", "\xef\xbb\xbf" HEAD ALLOW_ALL, 1,
	  "the first line is not policy name= version=", NULL },
	{ "the last line wrong, without a newline",
	  HEAD ALLOW_ALL "\n\nop=INIT", 5, "no action= at the end", "" },
	{ "a wrong line behind many good ones",
	  HEAD ALLOW_ALL "op=INIT action=ALLOW\n#\n\nop=INIT action=DENY\nx\n",
	  7, "a line that begins with neither op= nor DEFAULT", "x" },
};
/* clang-format on */

static void check_refusals(void)
{
	struct sgx_policy_error error;
	struct sgx_policy *policy;
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		const struct refusal *row = &refusals[i];
		size_t len = strlen(row->text);
		/* A copy that ends where the text does, for ASan. */
		char *text = malloc(len ? len : 1);

		memcpy(text, row->text, len);
		policy = sgx_policy_parse(text, len, &error);
		free(text);
		check(!policy && error.line == row->line &&
			      !strcmp(error.reason, row->reason) &&
			      (!row->token || !strcmp(error.token, row->token)),
		      row->title, "%s line %u: %s '%s'",
		      policy ? "accepted," : "refused,", error.line,
		      error.reason ? error.reason : "", error.token);
		sgx_policy_free(policy);
	}
}

/* ---- what is answered ---- */

/* Which bytes a digest of the subject is filled with; 0 is 0xaa. */
struct row {
	const char *title;
	const char *text;
	enum enclave_privilege op;
	bool allowed;
	unsigned int line;

	u32 known;
	u8 mrenclave;
	u8 mrsigner;
	u16 isvprodid;
	u16 isvsvn;
	u64 attributes;
	u64 xfrm;
	u32 used;
	u32 uid;
	u32 gid;
	const char *file;
	const char *sigstruct;
	const char *exe;
	const char *cgroup;
	u8 verity;
};

#define KNOWN		   (SGX_KNOWN_ATTRIBUTES | SGX_KNOWN_IDENTITY)
#define ALLOWED		   .allowed = true
#define DENIED		   .allowed = false
#define INIT_RULE(text)	   HEAD DENY_ALL "op=INIT " text " action=ALLOW\n"
#define ANY_RULE(op, text) HEAD DENY_ALL "op=" op " " text " action=ALLOW\n"
#define YES		   ALLOWED, .line = 3
#define NO		   DENIED, .line = 2

/* clang-format off */
static const struct row rows[] = {
	{ "DEFAULT for all allows", HEAD ALLOW_ALL, ENCLAVE_CREATE, ALLOWED, 2 },
	{ "DEFAULT for all denies", HEAD DENY_ALL, ENCLAVE_CREATE, DENIED, 2 },
	{ "DEFAULT of the operation goes before it",
	  HEAD ALLOW_ALL "DEFAULT op=INIT action=DENY\n", ENCLAVE_INIT, DENIED,
	  3 },
	{ "DEFAULT of another operation does not",
	  HEAD ALLOW_ALL "DEFAULT op=INIT action=DENY\n", ENCLAVE_INITANON,
	  ALLOWED, 2 },
	{ "DEFAULT of the operation, before the one for all",
	  HEAD "DEFAULT op=INIT action=DENY\n" ALLOW_ALL, ENCLAVE_INIT, DENIED,
	  2 },
	{ "DEFAULT of a list: first",
	  HEAD ALLOW_ALL "DEFAULT op=INIT,INITANON action=DENY\n", ENCLAVE_INIT,
	  DENIED, 3 },
	{ "DEFAULT of a list: last",
	  HEAD ALLOW_ALL "DEFAULT op=INIT,INITANON action=DENY\n",
	  ENCLAVE_INITANON, DENIED, 3 },
	{ "DEFAULTs of all operations, none for all",
	  HEAD "DEFAULT op=CREATE,EXECUTE,EXECMOD,EXECANON,EXECUNMR,EXECMEM,INIT,INITANON,DEBUG,PROVISION action=DENY\n",
	  ENCLAVE_PROVISION, DENIED, 2 },
	{ "blank lines, comments and tabs",
	  "\n# head\n \tpolicy\tname=t  version=1 # x\n\n\tDEFAULT \t action=ALLOW\t#y\n",
	  ENCLAVE_INIT, ALLOWED, 5 },
	{ "no newline at the end", HEAD "DEFAULT action=ALLOW", ENCLAVE_INIT,
	  ALLOWED, 2 },
	{ "comment right behind the action's blank",
	  HEAD "DEFAULT action=ALLOW # INIT", ENCLAVE_INIT, ALLOWED, 2 },

	{ "each operation: create", ANY_RULE("CREATE", ""), ENCLAVE_CREATE, YES },
	{ "each operation: execute", ANY_RULE("EXECUTE", ""), ENCLAVE_EXECUTE,
	  YES },
	{ "each operation: execmod", ANY_RULE("EXECMOD", ""), ENCLAVE_EXECMOD,
	  YES },
	{ "each operation: execanon", ANY_RULE("EXECANON", ""),
	  ENCLAVE_EXECANON, YES },
	{ "each operation: execunmr", ANY_RULE("EXECUNMR", ""),
	  ENCLAVE_EXECUNMR, YES },
	{ "each operation: execmem", ANY_RULE("EXECMEM", ""), ENCLAVE_EXECMEM,
	  YES },
	{ "each operation: init", ANY_RULE("INIT", ""), ENCLAVE_INIT, YES },
	{ "each operation: initanon", ANY_RULE("INITANON", ""),
	  ENCLAVE_INITANON, YES },
	{ "each operation: debug", ANY_RULE("DEBUG", ""), ENCLAVE_DEBUG, YES },
	{ "each operation: provision", ANY_RULE("PROVISION", ""),
	  ENCLAVE_PROVISION, YES },
	{ "a rule of another operation", ANY_RULE("INITANON", ""), ENCLAVE_INIT,
	  NO },
	{ "a rule of a list: first", ANY_RULE("CREATE,INIT,DEBUG", ""),
	  ENCLAVE_CREATE, YES },
	{ "a rule of a list: middle", ANY_RULE("CREATE,INIT,DEBUG", ""),
	  ENCLAVE_INIT, YES },
	{ "a rule of a list: last", ANY_RULE("CREATE,INIT,DEBUG", ""),
	  ENCLAVE_DEBUG, YES },
	{ "a rule of a list: none of it", ANY_RULE("CREATE,INIT,DEBUG", ""),
	  ENCLAVE_INITANON, NO },
	{ "a rule denies", HEAD ALLOW_ALL "op=INIT action=DENY\n", ENCLAVE_INIT,
	  DENIED, 3 },
	{ "the first of two rules",
	  HEAD DENY_ALL "op=INIT action=ALLOW\nop=INIT action=DENY\n",
	  ENCLAVE_INIT, ALLOWED, 3 },
	{ "the first of two rules, the other way",
	  HEAD ALLOW_ALL "op=INIT action=DENY\nop=INIT action=ALLOW\n",
	  ENCLAVE_INIT, DENIED, 3 },
	{ "a rule before the header's DEFAULT",
	  HEAD "op=INIT action=ALLOW\n" DENY_ALL, ENCLAVE_INIT, ALLOWED, 2 },

	{ "mrenclave: the same", INIT_RULE("mrenclave=" AA), ENCLAVE_INIT, YES,
	  .known = KNOWN },
	{ "mrenclave: capitals", INIT_RULE("mrenclave=" HEX64("A")),
	  ENCLAVE_INIT, YES, .known = KNOWN },
	{ "mrenclave: another", INIT_RULE("mrenclave=" BB), ENCLAVE_INIT, NO,
	  .known = KNOWN },
	{ "mrenclave: last digit differs",
	  INIT_RULE("mrenclave=" HEX16("a") HEX16("a") HEX16("a")
		    "aaaaaaaaaaaaaaab"),
	  ENCLAVE_INIT, NO, .known = KNOWN },
	{ "mrenclave: not known", INIT_RULE("mrenclave=" AA), ENCLAVE_INIT, NO },
	{ "mrenclave: attributes only are known", INIT_RULE("mrenclave=" AA),
	  ENCLAVE_INIT, NO, .known = SGX_KNOWN_ATTRIBUTES },
	{ "mrenclave: the signer's digest does not do",
	  INIT_RULE("mrenclave=" BB), ENCLAVE_INIT, NO, .known = KNOWN,
	  .mrsigner = 0xbb },
	{ "mrenclave of INITANON", ANY_RULE("INITANON", "mrenclave=" AA),
	  ENCLAVE_INITANON, YES, .known = KNOWN },
	{ "mrenclave of DEBUG", ANY_RULE("DEBUG", "mrenclave=" AA),
	  ENCLAVE_DEBUG, YES, .known = KNOWN },
	{ "mrenclave of EXECMOD, initialised",
	  ANY_RULE("EXECMOD", "mrenclave=" AA), ENCLAVE_EXECMOD, YES,
	  .known = KNOWN },
	{ "mrenclave of EXECMOD, not yet initialised",
	  ANY_RULE("EXECMOD", "mrenclave=" AA), ENCLAVE_EXECMOD, NO,
	  .known = SGX_KNOWN_ATTRIBUTES },
	{ "mrenclave of EXECMEM", ANY_RULE("EXECMEM", "mrenclave=" AA),
	  ENCLAVE_EXECMEM, YES, .known = KNOWN },
	{ "a revoked mrenclave of an allowed signer",
	  HEAD DENY_ALL "op=INIT mrenclave=" BB " action=DENY\n"
			"op=INIT mrsigner=" AA " action=ALLOW\n",
	  ENCLAVE_INIT, DENIED, 3, .known = KNOWN, .mrenclave = 0xbb },
	{ "its other enclaves",
	  HEAD DENY_ALL "op=INIT mrenclave=" BB " action=DENY\n"
			"op=INIT mrsigner=" AA " action=ALLOW\n",
	  ENCLAVE_INIT, ALLOWED, 4, .known = KNOWN },
	{ "a revocation that comes too late",
	  HEAD DENY_ALL "op=INIT mrsigner=" AA " action=ALLOW\n"
			"op=INIT mrenclave=" BB " action=DENY\n",
	  ENCLAVE_INIT, ALLOWED, 3, .known = KNOWN, .mrenclave = 0xbb },
	{ "a general rule before a keyed one",
	  HEAD ALLOW_ALL "op=INIT debug=yes action=DENY\n"
			 "op=INIT mrenclave=" AA " action=ALLOW\n",
	  ENCLAVE_INIT, DENIED, 3, .known = KNOWN,
	  .attributes = SGX_ATTR_DEBUG },
	{ "a keyed rule before a general one",
	  HEAD ALLOW_ALL "op=INIT mrenclave=" AA " action=ALLOW\n"
			 "op=INIT debug=yes action=DENY\n",
	  ENCLAVE_INIT, ALLOWED, 3, .known = KNOWN,
	  .attributes = SGX_ATTR_DEBUG },

	{ "mrsigner: the same", INIT_RULE("mrsigner=" AA), ENCLAVE_INIT, YES,
	  .known = KNOWN },
	{ "mrsigner: another", INIT_RULE("mrsigner=" BB), ENCLAVE_INIT, NO,
	  .known = KNOWN },
	{ "mrsigner: not known", INIT_RULE("mrsigner=" AA), ENCLAVE_INIT, NO },
	{ "mrsigner: the measurement does not do", INIT_RULE("mrsigner=" BB),
	  ENCLAVE_INIT, NO, .known = KNOWN, .mrenclave = 0xbb },
	{ "two signers: first",
	  HEAD DENY_ALL "op=INIT mrsigner=" AA " action=ALLOW\n"
			"op=INIT mrsigner=" BB " action=ALLOW\n",
	  ENCLAVE_INIT, ALLOWED, 3, .known = KNOWN },
	{ "two signers: second",
	  HEAD DENY_ALL "op=INIT mrsigner=" AA " action=ALLOW\n"
			"op=INIT mrsigner=" BB " action=ALLOW\n",
	  ENCLAVE_INIT, ALLOWED, 4, .known = KNOWN, .mrsigner = 0xbb },
	{ "two signers: a third",
	  HEAD DENY_ALL "op=INIT mrsigner=" AA " action=ALLOW\n"
			"op=INIT mrsigner=" BB " action=ALLOW\n",
	  ENCLAVE_INIT, DENIED, 2, .known = KNOWN, .mrsigner = 0xcc },
	{ "measurement and signer: both",
	  INIT_RULE("mrsigner=" BB " mrenclave=" AA), ENCLAVE_INIT, YES,
	  .known = KNOWN, .mrsigner = 0xbb },
	{ "measurement and signer: the first only",
	  INIT_RULE("mrsigner=" BB " mrenclave=" AA), ENCLAVE_INIT, NO,
	  .known = KNOWN, .mrsigner = 0xcc },
	{ "measurement and signer: the second only",
	  INIT_RULE("mrsigner=" BB " mrenclave=" AA), ENCLAVE_INIT, NO,
	  .known = KNOWN, .mrsigner = 0xbb, .mrenclave = 0xcc },

	{ "isvprodid: the same", INIT_RULE("isvprodid=7"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .isvprodid = 7 },
	{ "isvprodid: lower", INIT_RULE("isvprodid=7"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .isvprodid = 6 },
	{ "isvprodid: higher", INIT_RULE("isvprodid=7"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .isvprodid = 8 },
	{ "isvprodid: not known", INIT_RULE("isvprodid=0"), ENCLAVE_INIT, NO,
	  .known = SGX_KNOWN_ATTRIBUTES },
	{ "isvprodid: hexadecimal", INIT_RULE("isvprodid=0xffff"), ENCLAVE_INIT,
	  YES, .known = KNOWN, .isvprodid = 0xffff },
	{ "isvprodid: leading zeros are decimal", INIT_RULE("isvprodid=010"),
	  ENCLAVE_INIT, YES, .known = KNOWN, .isvprodid = 10 },
	{ "min_isvsvn: the same", INIT_RULE("min_isvsvn=3"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .isvsvn = 3 },
	{ "min_isvsvn: higher", INIT_RULE("min_isvsvn=3"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .isvsvn = 0xffff },
	{ "min_isvsvn: downgraded", INIT_RULE("min_isvsvn=3"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .isvsvn = 2 },
	{ "min_isvsvn=0: any", INIT_RULE("min_isvsvn=0"), ENCLAVE_INIT, YES,
	  .known = KNOWN },
	{ "min_isvsvn: not known", INIT_RULE("min_isvsvn=0"), ENCLAVE_INIT, NO },

	{ "debug=no, and it is none", INIT_RULE("debug=no"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .attributes = SGX_ATTR_MODE64BIT },
	{ "debug=no, and it is one", INIT_RULE("debug=no"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .attributes = SGX_ATTR_DEBUG },
	{ "debug=yes, and it is one", INIT_RULE("debug=yes"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .attributes = SGX_ATTR_DEBUG },
	{ "debug=yes, and it is none", INIT_RULE("debug=yes"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .attributes = SGX_ATTR_MODE64BIT },
	{ "debug=no, not known", INIT_RULE("debug=no"), ENCLAVE_INIT, NO },
	{ "debug of EXECUTE", ANY_RULE("EXECUTE", "debug=yes"), ENCLAVE_EXECUTE,
	  YES, .known = SGX_KNOWN_ATTRIBUTES, .attributes = SGX_ATTR_DEBUG },
	{ "attributes: all bits", INIT_RULE("attributes=0x4"), ENCLAVE_INIT,
	  YES, .known = KNOWN, .attributes = 4 },
	{ "attributes: one more", INIT_RULE("attributes=0x4"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .attributes = 6 },
	{ "attributes: one more outside of the mask",
	  INIT_RULE("attributes=0x4/0x14"), ENCLAVE_INIT, YES, .known = KNOWN,
	  .attributes = 6 },
	{ "attributes: one more in the mask", INIT_RULE("attributes=4/0x14"),
	  ENCLAVE_INIT, NO, .known = KNOWN, .attributes = 0x14 },
	{ "attributes: one less", INIT_RULE("attributes=0x14/0x14"),
	  ENCLAVE_INIT, NO, .known = KNOWN, .attributes = 4 },
	{ "attributes: none in the mask", INIT_RULE("attributes=0/0"),
	  ENCLAVE_INIT, YES, .known = KNOWN, .attributes = 6 },
	{ "attributes: not known", INIT_RULE("attributes=0/0"), ENCLAVE_INIT,
	  NO },
	{ "attributes: the highest bit",
	  INIT_RULE("attributes=0x8000000000000000/0x8000000000000000"),
	  ENCLAVE_INIT, YES, .known = KNOWN, .attributes = 1ULL << 63 },
	{ "xfrm: all bits", INIT_RULE("xfrm=3"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .xfrm = 3 },
	{ "xfrm: one more", INIT_RULE("xfrm=3"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .xfrm = 7 },
	{ "xfrm: masked", INIT_RULE("xfrm=3/3"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .xfrm = 7 },
	{ "xfrm and not attributes", INIT_RULE("xfrm=3"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .attributes = 3 },
	{ "xfrm of CREATE", ANY_RULE("CREATE", "xfrm=3"), ENCLAVE_CREATE, YES,
	  .known = SGX_KNOWN_ATTRIBUTES, .xfrm = 3 },

	{ "priv: nothing used", INIT_RULE("priv=execute"), ENCLAVE_INIT, YES },
	{ "priv: what is listed", INIT_RULE("priv=execute"), ENCLAVE_INIT, YES,
	  .used = SGX_PRIVILEGE(EXECUTE) },
	{ "priv: what is not listed", INIT_RULE("priv=execute"), ENCLAVE_INIT,
	  NO, .used = SGX_PRIVILEGE(EXECANON) },
	{ "priv: one that is listed and one that is not",
	  INIT_RULE("priv=execute"), ENCLAVE_INIT, NO,
	  .used = SGX_PRIVILEGE(EXECUTE) | SGX_PRIVILEGE(EXECANON) },
	{ "priv: two that are listed", INIT_RULE("priv=execanon,execute"),
	  ENCLAVE_INIT, YES,
	  .used = SGX_PRIVILEGE(EXECUTE) | SGX_PRIVILEGE(EXECANON) },
	{ "priv: signer with EXECANON, without EXECUNMR",
	  INIT_RULE("mrsigner=" AA " priv=execanon"), ENCLAVE_INIT, NO,
	  .known = KNOWN,
	  .used = SGX_PRIVILEGE(EXECUNMR) | SGX_PRIVILEGE(EXECANON) },
	{ "priv=none, nothing used", INIT_RULE("priv=none"), ENCLAVE_INIT, YES },
	{ "priv=none, something used", INIT_RULE("priv=none"), ENCLAVE_INIT, NO,
	  .used = SGX_PRIVILEGE(PROVISION) },
	{ "priv: all", INIT_RULE("priv=execute,execmod,execanon,execunmr,execmem,provision"),
	  ENCLAVE_INIT, YES, .used = SGX_PRIVILEGES_REMEMBERED },
	{ "priv: all but execmem",
	  INIT_RULE("priv=execute,execmod,execanon,execunmr,provision"),
	  ENCLAVE_INIT, NO, .used = SGX_PRIVILEGES_REMEMBERED },
	{ "priv of EXECMOD", ANY_RULE("EXECMOD", "priv=execute"),
	  ENCLAVE_EXECMOD, NO, .used = SGX_PRIVILEGE(EXECANON) },

	{ "file: the same", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE,
	  YES, .file = "/a/b" },
	{ "file: another", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE,
	  NO, .file = "/a/c" },
	{ "file: longer", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE, NO,
	  .file = "/a/bc" },
	{ "file: shorter", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE,
	  NO, .file = "/a/" },
	{ "file: below it", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE,
	  NO, .file = "/a/b/c" },
	{ "file: not known", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE,
	  NO },
	{ "file: deleted", ANY_RULE("EXECUTE", "file=/a/b"), ENCLAVE_EXECUTE,
	  NO, .file = "/a/b (deleted)" },
	{ "file: in quotes", ANY_RULE("EXECUTE", "file=\"/a/b\""),
	  ENCLAVE_EXECUTE, YES, .file = "/a/b" },
	{ "file: a blank in quotes", ANY_RULE("EXECUTE", "file=\"/a b\""),
	  ENCLAVE_EXECUTE, YES, .file = "/a b" },
	{ "file: a hash in quotes", ANY_RULE("EXECUTE", "file=\"/a #b\""),
	  ENCLAVE_EXECUTE, YES, .file = "/a #b" },
	{ "file: a hash inside", ANY_RULE("EXECUTE", "file=/a#b"),
	  ENCLAVE_EXECUTE, YES, .file = "/a#b" },
	{ "file: an equals sign", ANY_RULE("EXECUTE", "file=/a=b"),
	  ENCLAVE_EXECUTE, YES, .file = "/a=b" },
	{ "file: escaped quote and backslash",
	  ANY_RULE("EXECUTE", "file=\"/a\\\"\\\\b\""), ENCLAVE_EXECUTE, YES,
	  .file = "/a\"\\b" },
	{ "file: escaped newline", ANY_RULE("EXECUTE", "file=\"/a\\x0ab\""),
	  ENCLAVE_EXECUTE, YES, .file = "/a\nb" },
	{ "file: escape with capitals", ANY_RULE("EXECUTE", "file=\"/\\xC3\\xA4\""),
	  ENCLAVE_EXECUTE, YES, .file = "/\xc3\xa4" },
	{ "file: UTF-8", ANY_RULE("EXECUTE", "file=/\xc3\xa4"), ENCLAVE_EXECUTE,
	  YES, .file = "/\xc3\xa4" },
	{ "file: a tab in quotes", ANY_RULE("EXECUTE", "file=\"/a\tb\""),
	  ENCLAVE_EXECUTE, YES, .file = "/a\tb" },
	{ "file: below a directory", ANY_RULE("EXECUTE", "file=/a/"),
	  ENCLAVE_EXECUTE, YES, .file = "/a/b" },
	{ "file: far below a directory", ANY_RULE("EXECUTE", "file=/a/"),
	  ENCLAVE_EXECUTE, YES, .file = "/a/b/c/d" },
	{ "file: beside a directory", ANY_RULE("EXECUTE", "file=/a/"),
	  ENCLAVE_EXECUTE, NO, .file = "/ab" },
	{ "file: the directory itself", ANY_RULE("EXECUTE", "file=/a/"),
	  ENCLAVE_EXECUTE, NO, .file = "/a" },
	{ "file: below the root", ANY_RULE("EXECUTE", "file=/"),
	  ENCLAVE_EXECUTE, YES, .file = "/a" },
	{ "file: below a directory in quotes",
	  ANY_RULE("EXECUTE", "file=\"/a b/\""), ENCLAVE_EXECUTE, YES,
	  .file = "/a b/c" },
	{ "file: the directory is not known", ANY_RULE("EXECUTE", "file=/"),
	  ENCLAVE_EXECUTE, NO },
	{ "file=none: there is none", ANY_RULE("EXECMOD", "file=none"),
	  ENCLAVE_EXECMOD, YES, .file = "" },
	{ "file=none: there is one", ANY_RULE("EXECMOD", "file=none"),
	  ENCLAVE_EXECMOD, NO, .file = "/a" },
	{ "file=none: not known", ANY_RULE("EXECMOD", "file=none"),
	  ENCLAVE_EXECMOD, NO },
	{ "file: there is none", ANY_RULE("EXECMOD", "file=/"),
	  ENCLAVE_EXECMOD, NO, .file = "" },
	{ "file of EXECUNMR", ANY_RULE("EXECUNMR", "file=/a"),
	  ENCLAVE_EXECUNMR, YES, .file = "/a" },
	{ "file: one of three operations",
	  ANY_RULE("EXECUTE,EXECMOD,EXECUNMR", "file=/a"), ENCLAVE_EXECMOD, YES,
	  .file = "/a" },
	{ "file: the first of a file and a directory",
	  HEAD DENY_ALL "op=EXECUTE file=/a/ action=DENY\n"
			"op=EXECUTE file=/a/b action=ALLOW\n",
	  ENCLAVE_EXECUTE, DENIED, 3, .file = "/a/b" },
	{ "file: the first of a directory and a file",
	  HEAD ALLOW_ALL "op=EXECUTE file=/a/b action=ALLOW\n"
			 "op=EXECUTE file=/a/ action=DENY\n",
	  ENCLAVE_EXECUTE, ALLOWED, 3, .file = "/a/b" },
	{ "file: another of that directory",
	  HEAD ALLOW_ALL "op=EXECUTE file=/a/b action=ALLOW\n"
			 "op=EXECUTE file=/a/ action=DENY\n",
	  ENCLAVE_EXECUTE, DENIED, 4, .file = "/a/c" },

	{ "sigstruct: the same", INIT_RULE("sigstruct=/a.sig"), ENCLAVE_INIT,
	  YES, .sigstruct = "/a.sig" },
	{ "sigstruct: another", INIT_RULE("sigstruct=/a.sig"), ENCLAVE_INIT, NO,
	  .sigstruct = "/b.sig" },
	{ "sigstruct: not known", INIT_RULE("sigstruct=/a.sig"), ENCLAVE_INIT,
	  NO },
	{ "sigstruct: below a directory", INIT_RULE("sigstruct=/sig/"),
	  ENCLAVE_INIT, YES, .sigstruct = "/sig/a" },
	{ "sigstruct: the source does not do", INIT_RULE("sigstruct=/a"),
	  ENCLAVE_INIT, NO, .file = "/a" },

	{ "fsverity_digest: the same",
	  ANY_RULE("EXECUTE", "fsverity_digest=sha256:" BB), ENCLAVE_EXECUTE,
	  YES, .verity = 0xbb },
	{ "fsverity_digest: another",
	  ANY_RULE("EXECUTE", "fsverity_digest=sha256:" BB), ENCLAVE_EXECUTE,
	  NO, .verity = 0xcc },
	{ "fsverity_digest: the file has none",
	  ANY_RULE("EXECUTE", "fsverity_digest=sha256:" BB), ENCLAVE_EXECUTE,
	  NO },
	{ "fsverity_digest of a SIGSTRUCT",
	  INIT_RULE("fsverity_digest=sha256:" BB), ENCLAVE_INIT, YES,
	  .verity = 0xbb },

	{ "exe: the same", INIT_RULE("exe=/usr/bin/app"), ENCLAVE_INIT, YES,
	  .exe = "/usr/bin/app" },
	{ "exe: another", INIT_RULE("exe=/usr/bin/app"), ENCLAVE_INIT, NO,
	  .exe = "/usr/bin/sh" },
	{ "exe: not known", INIT_RULE("exe=/usr/bin/app"), ENCLAVE_INIT, NO },
	{ "exe: below a directory", INIT_RULE("exe=/usr/"), ENCLAVE_INIT, YES,
	  .exe = "/usr/bin/sh" },
	{ "exe of CREATE", ANY_RULE("CREATE", "exe=/a"), ENCLAVE_CREATE, YES,
	  .exe = "/a" },
	{ "this enclave into that program",
	  INIT_RULE("mrenclave=" AA " exe=/usr/bin/app"), ENCLAVE_INIT, YES,
	  .known = KNOWN, .exe = "/usr/bin/app" },
	{ "this enclave into another program",
	  INIT_RULE("mrenclave=" AA " exe=/usr/bin/app"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .exe = "/tmp/app" },
	{ "another enclave into that program",
	  INIT_RULE("mrenclave=" AA " exe=/usr/bin/app"), ENCLAVE_INIT, NO,
	  .known = KNOWN, .mrenclave = 0xbb, .exe = "/usr/bin/app" },
	{ "cgroup: the same", INIT_RULE("cgroup=/sys/app"), ENCLAVE_INIT, YES,
	  .cgroup = "/sys/app" },
	{ "cgroup: another", INIT_RULE("cgroup=/sys/app"), ENCLAVE_INIT, NO,
	  .cgroup = "/sys" },
	{ "cgroup: below", INIT_RULE("cgroup=/sys/"), ENCLAVE_INIT, YES,
	  .cgroup = "/sys/app/x" },
	{ "cgroup: not known", INIT_RULE("cgroup=/"), ENCLAVE_INIT, NO },

	{ "uid: the same", INIT_RULE("uid=1000"), ENCLAVE_INIT, YES,
	  .uid = 1000 },
	{ "uid: another", INIT_RULE("uid=1000"), ENCLAVE_INIT, NO,
	  .uid = 1001 },
	{ "uid: root", INIT_RULE("uid=0"), ENCLAVE_INIT, YES },
	{ "gid: the same", INIT_RULE("gid=100"), ENCLAVE_INIT, YES,
	  .gid = 100 },
	{ "gid: another", INIT_RULE("gid=100"), ENCLAVE_INIT, NO, .gid = 101 },
	{ "gid: the user does not do", INIT_RULE("gid=100"), ENCLAVE_INIT, NO,
	  .uid = 100 },

	{ "all properties of INIT at once",
	  INIT_RULE("mrenclave=" AA " mrsigner=" BB
		    " isvprodid=1 min_isvsvn=3 debug=no attributes=4 xfrm=3"
		    " priv=execute,execanon sigstruct=/s"
		    " fsverity_digest=sha256:" CC " exe=/e cgroup=/c uid=1"
		    " gid=2"),
	  ENCLAVE_INIT, YES, .known = KNOWN, .mrsigner = 0xbb, .isvprodid = 1,
	  .isvsvn = 4, .attributes = 4, .xfrm = 3, .sigstruct = "/s",
	  .used = SGX_PRIVILEGE(EXECANON), .verity = 0xcc, .exe = "/e",
	  .cgroup = "/c", .uid = 1, .gid = 2 },
	{ "all but the last of them",
	  INIT_RULE("mrenclave=" AA " mrsigner=" BB
		    " isvprodid=1 min_isvsvn=3 debug=no attributes=4 xfrm=3"
		    " priv=execute,execanon sigstruct=/s"
		    " fsverity_digest=sha256:" CC " exe=/e cgroup=/c uid=1"
		    " gid=2"),
	  ENCLAVE_INIT, NO, .known = KNOWN, .mrsigner = 0xbb, .isvprodid = 1,
	  .isvsvn = 4, .attributes = 4, .xfrm = 3, .sigstruct = "/s",
	  .used = SGX_PRIVILEGE(EXECANON), .verity = 0xcc, .exe = "/e",
	  .cgroup = "/c", .uid = 1, .gid = 3 },
	{ "the example of the requirement",
	  HEAD ALLOW_ALL "DEFAULT op=INIT action=DENY\n"
			 "op=INIT mrsigner=" AA
			 " isvprodid=1 min_isvsvn=3 debug=no"
			 " priv=execute,execanon exe=/usr/bin/app action=ALLOW\n",
	  ENCLAVE_INIT, ALLOWED, 4, .known = KNOWN, .isvprodid = 1, .isvsvn = 3,
	  .used = SGX_PRIVILEGE(EXECUTE), .exe = "/usr/bin/app" },
	{ "the example, by a program with unmeasured code",
	  HEAD ALLOW_ALL "DEFAULT op=INIT action=DENY\n"
			 "op=INIT mrsigner=" AA
			 " isvprodid=1 min_isvsvn=3 debug=no"
			 " priv=execute,execanon exe=/usr/bin/app action=ALLOW\n",
	  ENCLAVE_INIT, DENIED, 3, .known = KNOWN, .isvprodid = 1, .isvsvn = 3,
	  .used = SGX_PRIVILEGE(EXECUTE) | SGX_PRIVILEGE(EXECUNMR),
	  .exe = "/usr/bin/app" },
};
/* clang-format on */

struct asker {
	struct sgx_subject subject;
	struct sgx_identity identity;
	const struct row *row;
	u8 verity[SGX_DIGEST_SIZE];
	unsigned int texts;
};

static const char *asker_text(struct sgx_subject *subject,
			      enum sgx_subject_text which)
{
	struct asker *asker = (struct asker *)subject;

	asker->texts++;
	switch (which) {
	case SGX_TEXT_FILE:
		return asker->row->file;
	case SGX_TEXT_SIGSTRUCT:
		return asker->row->sigstruct;
	case SGX_TEXT_EXE:
		return asker->row->exe;
	case SGX_TEXT_CGROUP:
		return asker->row->cgroup;
	}
	return NULL;
}

static bool asker_in_group(struct sgx_subject *subject, u32 gid)
{
	return ((struct asker *)subject)->row->gid == gid;
}

static const u8 *asker_verity(struct sgx_subject *subject)
{
	struct asker *asker = (struct asker *)subject;

	return asker->row->verity ? asker->verity : NULL;
}

static const struct sgx_subject_ops asker_ops = {
	.text = asker_text,
	.in_group = asker_in_group,
	.verity = asker_verity,
};

static void make_asker(struct asker *asker, const struct row *row)
{
	memset(asker, 0, sizeof(*asker));
	asker->row = row;
	asker->subject.ops = &asker_ops;
	asker->subject.known = row->known;
	/* What is not known must not be looked at. */
	asker->subject.identity = row->known ? &asker->identity : NULL;
	asker->subject.used = row->used;
	asker->subject.uid = row->uid;
	memset(asker->identity.mrenclave,
	       row->mrenclave ? row->mrenclave : 0xaa, SGX_DIGEST_SIZE);
	memset(asker->identity.mrsigner, row->mrsigner ? row->mrsigner : 0xaa,
	       SGX_DIGEST_SIZE);
	asker->identity.isvprodid = row->isvprodid;
	asker->identity.isvsvn = row->isvsvn;
	asker->identity.attributes = row->attributes;
	asker->identity.xfrm = row->xfrm;
	memset(asker->verity, row->verity, sizeof(asker->verity));
}

static void check_answers(void)
{
	struct sgx_policy_error error;
	struct sgx_verdict verdict;
	struct sgx_policy *policy;
	struct asker asker;
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		policy = sgx_policy_parse(row->text, strlen(row->text), &error);
		if (!policy) {
			check(false, row->title, "refused, line %u: %s '%s'",
			      error.line, error.reason, error.token);
			continue;
		}
		make_asker(&asker, row);
		verdict = sgx_policy_ask(policy, row->op, &asker.subject);
		check(verdict.allowed == row->allowed &&
			      verdict.line == row->line,
		      row->title, "%s by line %u",
		      verdict.allowed ? "allowed" : "denied", verdict.line);
		sgx_policy_free(policy);
	}
}

static void check_header(void)
{
	static const char text[] =
		"policy name=Aa0._- version=0xffffffffffffffff\n" ALLOW_ALL;
	struct sgx_policy_error error;
	struct sgx_policy *policy;

	policy = sgx_policy_parse(text, sizeof(text) - 1, &error);
	check(policy && !strcmp(sgx_policy_name(policy), "Aa0._-"),
	      "the name of a policy", "wrong");
	check(policy && sgx_policy_version(policy) == ~0ULL,
	      "the version of a policy", "wrong");
	sgx_policy_free(policy);
}

/* Paths are not made where no rule of the operation names one. */
static void check_lazy(void)
{
	static const char text[] = HEAD ALLOW_ALL
		"op=EXECUTE file=/a action=DENY\n"
		"op=INIT mrsigner=" AA " exe=/a action=DENY\n";
	static const struct row row = { .known = KNOWN, .mrsigner = 0xbb };
	struct sgx_policy_error error;
	struct sgx_policy *policy;
	struct asker asker;

	policy = sgx_policy_parse(text, sizeof(text) - 1, &error);
	make_asker(&asker, &row);
	sgx_policy_ask(policy, ENCLAVE_INIT, &asker.subject);
	check(!asker.texts, "no path is made in vain", "%u were", asker.texts);
	sgx_policy_ask(policy, ENCLAVE_EXECUTE, &asker.subject);
	check(asker.texts == 1, "a path is made where it is asked for",
	      "%u were", asker.texts);
	sgx_policy_free(policy);
}

/* A policy of @count signers, of which number i is at line 3 + i. */
static struct sgx_policy *make_many(unsigned int count)
{
	struct sgx_policy_error error;
	struct sgx_policy *policy;
	char *text = malloc(64 + 128UL * count);
	size_t len = sprintf(text, HEAD DENY_ALL);
	unsigned int i;

	for (i = 0; i < count; i++)
		len += sprintf(text + len,
			       "op=INIT mrsigner=%064x action=ALLOW\n", i);
	policy = sgx_policy_parse(text, len, &error);
	free(text);
	return policy;
}

static void set_signer(struct asker *asker, unsigned int i)
{
	memset(asker->identity.mrsigner, 0, SGX_DIGEST_SIZE);
	asker->identity.mrsigner[31] = i;
	asker->identity.mrsigner[30] = i >> 8;
	asker->identity.mrsigner[29] = i >> 16;
}

/* Seconds for @questions about the signers of a policy, least of several. */
static double time_many(const struct sgx_policy *policy, unsigned int count,
			unsigned int questions)
{
	static const struct row row = { .known = KNOWN };
	double best = 1e9;
	struct asker asker;
	unsigned int i, n;

	make_asker(&asker, &row);
	for (n = 0; n < 7; n++) {
		struct timespec start, end;
		double took;

		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
		for (i = 0; i < questions; i++) {
			set_signer(&asker, i * 2654435761U % count);
			sgx_policy_ask(policy, ENCLAVE_INIT, &asker.subject);
		}
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &end);
		took = end.tv_sec - start.tv_sec +
		       (end.tv_nsec - start.tv_nsec) / 1e9;
		if (took < best)
			best = took;
	}
	return best;
}

static void check_many(void)
{
	static const struct row row = { .known = KNOWN };
	struct sgx_policy *few = make_many(10);
	struct sgx_policy *many = make_many(20000);
	unsigned int i, wrong = 0;
	struct asker asker;
	double ratio;

	check(few && many, "a policy of 20000 signers", "refused");
	if (!few || !many)
		return;

	make_asker(&asker, &row);
	for (i = 0; i < 20001; i++) {
		struct sgx_verdict verdict;

		set_signer(&asker, i);
		verdict = sgx_policy_ask(many, ENCLAVE_INIT, &asker.subject);
		if (verdict.line != (i < 20000 ? 3 + i : 2) ||
		    verdict.allowed != (i < 20000))
			wrong++;
	}
	check(!wrong, "each of 20000 signers finds its rule", "%u wrong",
	      wrong);

	/* Linear, it would be 2000; caches account for some of what is left. */
	ratio = time_many(many, 20000, 20000) / time_many(few, 10, 20000);
	printf("# 20000 signers cost %.1f times what 10 do, per question\n",
	       ratio);
	check(ratio < 20, "the cost does not grow with the signers", "%.1f",
	      ratio);
	sgx_policy_free(few);
	sgx_policy_free(many);
}

/* The examples of rules/ are good policies. */
static void check_file(const char *path)
{
	static char text[1 << 16];
	struct sgx_policy_error error;
	struct sgx_policy *policy;
	FILE *file = fopen(path, "r");
	size_t len;

	check(file, path, "cannot be read");
	if (!file)
		return;
	len = fread(text, 1, sizeof(text), file);
	fclose(file);
	policy = sgx_policy_parse(text, len, &error);
	check(policy, path, "line %u: %s '%s'", error.line, error.reason,
	      error.token);
	sgx_policy_free(policy);
}

int main(int argc, char **argv)
{
	int i;

	check_refusals();
	check_answers();
	check_header();
	check_lazy();
	check_many();
	for (i = 1; i < argc; i++)
		check_file(argv[i]);
	printf("%u passed, %u failed\n", passed, failed);
	return failed || !passed;
}

# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: awk -v out=DIRECTORY -f man.awk libsoftsgx.3 softsgx.h FILE.c...
#
# Makes the manual pages of the library from the comments at its functions and
# types, which have the form of the kernel: a page for each function that is in
# softsgx.h, and libsoftsgx.3 itself with a list of them. What lacks a comment, or
# a word on an argument, is an error.
#
# The kernel's own scripts/kernel-doc has no place here: packages with it are named
# after one version of the kernel, and it makes pages of section 9.

function fail(what) {
	print "man.awk: " what >"/dev/stderr"
	failed = 1
}

# The text of a comment for troff: its functions bold, @arguments in italics.
function markup(text,    made, word) {
	gsub(/\\/, "\\e", text)
	while (match(text, /softsgx_[a-z0-9_]+\(\)|@[a-z0-9_]+/)) {
		word = substr(text, RSTART, RLENGTH)
		made = made substr(text, 1, RSTART - 1)
		if (word ~ /^@/)
			made = made "\\fI" substr(word, 2) "\\fP"
		else
			made = made "\\fB" substr(word, 1, RLENGTH - 2) "\\fP()"
		text = substr(text, RSTART + RLENGTH)
	}
	text = made text
	gsub(/ -/, " \\-", text)
	sub(/^[.']/, "\\\\\\&&", text)
	return text
}

# What the comment NAME says of its ARGUMENTS, in the order of the declaration.
function put_list(file, name, count,    i) {
	for (i = 1; i <= count; i++) {
		print ".TP\n" shown[name, i] >file
		print markup(text_of[name, "@" part[name, i]]) >file
	}
}

function put_text(file, name,    i) {
	for (i = 1; i <= paragraphs[name]; i++)
		print ".PP\n" markup(text_of[name, i]) >file
}

# The prototype, broken into lines; its arguments are noted for put_list().
function put_prototype(file, name,    open, head, n, i, arg, args, piece, line, width) {
	open = index(prototype[name], "(")
	head = substr(prototype[name], 1, open)
	n = split(substr(prototype[name], open + 1), args, /, /)
	sub(/\)$/, "", args[n])
	line = "\\fB" head "\\fP"
	width = length(head)
	for (i = 1; i <= n; i++) {
		match(args[i], /[a-z0-9_]+(\[[A-Z0-9a-z_]+\])?$/)
		arg = substr(args[i], RSTART)
		piece = arg
		sub(/\[.*/, "", arg)
		part[name, i] = arg
		shown[name, i] = ".I " arg
		piece = "\\fB" substr(args[i], 1, RSTART - 1) "\\fP\\fI" arg "\\fP\\fB" \
			substr(piece, length(arg) + 1) (i < n ? "," : ");") "\\fP"
		if (i > 1 && width + length(args[i]) > 68) {
			print line >file
			line = "    " piece
			width = 4
		} else {
			line = line (i > 1 ? " " : "") piece
		}
		width += length(args[i]) + 2
	}
	print line >file
	check_parts(name, n)
	return n
}

function check_parts(name, count,    i, known) {
	for (i = 1; i <= count; i++) {
		known[part[name, i]]
		if (!((name, "@" part[name, i]) in text_of))
			fail(name ": not a word on " part[name, i])
	}
	for (i = 1; i <= said[name]; i++)
		if (!(saying[name, i] in known))
			fail(name ": there is no " saying[name, i])
}

# The types that a declaration names, and those that these name.
function put_types(file, text,    word) {
	while (match(text, /(struct|enum) softsgx_[a-z0-9_]+/)) {
		word = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		if (!(word in members) || (word in done))
			continue
		if (!types_put++)
			print ".SH TYPES" >file
		done[word]
		print ".SS " word >file
		print markup(toupper(substr(short[word], 1, 1)) substr(short[word], 2)) "." >file
		put_list(file, word, members[word])
		put_text(file, word)
		text = text " " body[word]
	}
}

# The functions that a page speaks of, but for itself.
function put_see_also(file, name,    i, text, word, see, seen) {
	for (i = 1; i <= said[name]; i++)
		text = text " " text_of[name, "@" saying[name, i]]
	for (i = 1; i <= paragraphs[name]; i++)
		text = text " " text_of[name, i]
	text = text " " text_of[name, "Return"]
	while (match(text, /softsgx_[a-z0-9_]+\(\)/)) {
		word = substr(text, RSTART, RLENGTH - 2)
		text = substr(text, RSTART + RLENGTH)
		if (!(word in prototype))
			fail(name " speaks of " word ", which is not in softsgx.h")
		if (word != name && !(word in seen))
			see = see ".BR " word " (3),\n"
		seen[word]
	}
	print ".SH SEE ALSO\n" see ".BR libsoftsgx (3)" >file
}

function put_page(name,    file, count, word) {
	file = out "/" name ".3"
	print ".\\\" SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause" >file
	print ".\\\" Made by lib/man.awk from lib/" where[name] "." >file
	print ".TH " name " " title "\n.nh" >file
	print ".SH NAME\n" name " \\- " markup(short[name]) >file
	print ".SH SYNOPSIS\n.nf\n.B #include <softsgx.h>\n.PP" >file
	count = put_prototype(file, name)
	print ".fi\n.SH DESCRIPTION" >file
	put_list(file, name, count)
	put_text(file, name)
	if (prototype[name] !~ /^void softsgx/ && !((name, "Return") in text_of))
		fail(name ": not a word on what it returns")
	if ((name, "Return") in text_of)
		print ".SH RETURN VALUE\n" markup(text_of[name, "Return"]) >file
	types_put = 0
	for (word in done)
		delete done[word]
	put_types(file, prototype[name])
	put_see_also(file, name)
	close(file)
}

# A comment begins, or goes on.
/^\/\*\*$/ {
	comment = 1
	name = key = ""
	next
}

comment && /^ \*\// {
	comment = 0
	next
}

comment {
	line = $0
	sub(/^ \*[ \t]*/, "", line)
	if (name == "") {
		at = index(line, " - ")
		name = substr(line, 1, at - 1)
		is_function = sub(/\(\)$/, "", name)
		short[name] = substr(line, at + 3)
		where[name] = FILENAME
		sub(/.*\//, "", where[name])
		paragraphs[name] = said[name] = 0
		if (is_function && FILENAME ~ /\.c$/)
			commented[++comments] = name
	} else if (line == "") {
		key = ""
	} else if (match(line, /^@[A-Za-z0-9_]+:/)) {
		saying[name, ++said[name]] = substr(line, 2, RLENGTH - 2)
		key = substr(line, 1, RLENGTH - 1)
		line = substr(line, RLENGTH + 1)
		sub(/^[ \t]+/, "", line)
		text_of[name, key] = line
	} else if (sub(/^Return: /, "", line)) {
		key = "Return"
		text_of[name, key] = line
	} else if (key == "") {
		key = ++paragraphs[name]
		text_of[name, key] = line
	} else {
		text_of[name, key] = text_of[name, key] " " line
	}
	next
}

FILENAME ~ /\.3$/ {
	if (/^\.TH LIBSOFTSGX /) {
		title = $0
		sub(/^[^ ]+ [^ ]+ /, "", title)
	}
	overview[++overviews] = $0
	next
}

FILENAME !~ /\.h$/ { next }

# The header: groups, types, prototypes.
/^\/\* [A-Z][A-Za-z ]* \*\/$/ {
	group = $0
	gsub(/^\/\* | \*\/$/, "", group)
	next
}

/^(struct|enum) softsgx_[a-z0-9_]+ \{$/ {
	type = $1 " " $2
	members[type] = 0
	body[type] = ""
	next
}

type != "" && /^\}/ {
	if (!(type in short))
		fail(type " has no comment")
	check_parts(type, members[type])
	type = ""
	next
}

type != "" {
	gsub(/^[ \t]+|[;,][ \t]*$/, "")
	body[type] = body[type] " " $0
	n = ++members[type]
	shown[type, n] = ".B " $0
	member = $0
	sub(/\[.*/, "", member)
	sub(/.*[ *]/, "", member)
	part[type, n] = member
	next
}

/^[a-z].*softsgx_|^(struct|const|enum|int|void|bool) / || declaration != "" {
	declaration = declaration " " $0
	if (!/;$/)
		next
	gsub(/[ \t]+/, " ", declaration)
	gsub(/^ |;$/, "", declaration)
	if (match(declaration, /softsgx_[a-z0-9_]+\(/)) {
		name = substr(declaration, RSTART, RLENGTH - 1)
		prototype[name] = declaration
		functions[++function_count] = name
		group_of[name] = group
	}
	declaration = ""
}

END {
	if (!overviews || !function_count || title == "")
		fail("no overview, or no functions")
	for (i = 1; i <= comments; i++)
		if (commented[i] ~ /^softsgx_/ && !(commented[i] in prototype))
			fail(commented[i] " is not in softsgx.h")
	for (i = 1; i <= function_count; i++) {
		if (functions[i] in short)
			put_page(functions[i])
		else
			fail(functions[i] " has no comment")
	}
	file = out "/libsoftsgx.3"
	group = ""
	for (i = 1; i <= overviews; i++) {
		if (overview[i] != ".\\\" FUNCTIONS") {
			print overview[i] >file
			continue
		}
		for (j = 1; j <= function_count; j++) {
			name = functions[j]
			if (group_of[name] != group)
				print ".SS " (group = group_of[name]) >file
			print ".TP\n.BR " name " (3)\n" markup(short[name]) >file
		}
		listed = 1
	}
	if (!listed)
		fail("the overview has no place for the list")
	exit failed
}

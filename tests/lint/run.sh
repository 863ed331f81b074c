#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Usage: tests/lint/run.sh [check...]
#
# Runs the static checks, all or those that are named, and shows what they
# find. The last line is "N passed, N failed", each check counting as one.
#   spdx        every file names its licence
#   format      clang-format, all C
#   checkpatch  the kernel's scripts/checkpatch.pl --strict: the module
#   kernel-doc  the kernel's scripts/kernel-doc: the module
#   sparse      the module for 6.1
#   w1-6.1      the module for 6.1 builds with W=1 without a warning
#   w1-6.12     the same for 6.12
#   cppcheck    all C but that of bpf
#   analyzers   clang --analyze and gcc -fanalyzer: the library, the tool, arch/
#   self        that an analyzer that crashes is seen
#   scripts     shellcheck, all scripts
#   purity      arch/ linked alone needs memcpy, memset and memcmp only; access/ calls
#               nothing of arch/ or driver/

set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
cd "$top"
log=build/lint
mkdir -p "$log"
# Before what it says could be taken for a finding.
tests/linux-source.sh >/dev/null
all=(spdx format checkpatch kernel-doc sparse w1-6.1 w1-6.12 cppcheck
	analyzers self scripts purity)

# files PATTERN...: the files of the project, also those not yet committed.
files() {
	git ls-files -z -co --exclude-standard --deduplicate -- "$@" |
		while IFS= read -r -d '' f; do
			[ ! -f "$f" ] || printf '%s\0' "$f"
		done
}

# Prose, licence texts and input data carry no licence line; for debian/ its
# copyright file says it, in the format of Debian.
check_spdx() {
	files . ':!*.md' ':!*.svg' ':!LICENSES/*' ':!.gitignore' ':!*corpus/*' \
		':!debian/*' |
		while IFS= read -r -d '' f; do
			head -n 3 "$f" | grep -q 'SPDX-License-Identifier: ' ||
				echo "$f: no licence in the first three lines"
		done
}

# What clang-format does to white space within a line is not asked for: it
# would undo the columns of tables.
check_format() {
	files '*.c' '*.h' | while IFS= read -r -d '' f; do
		clang-format "$f" | diff -w --label "$f" --label formatted -u0 "$f" - || :
	done
}

check_checkpatch() {
	local source
	source=$(tests/linux-source.sh)
	# Away from the repository, in which it would leave a file.
	files 'driver/*.[ch]' 'arch/*.[ch]' 'access/*.[ch]' |
		sed -z "s,^,$top/," |
		(cd "$log" && xargs -0 perl "$source/scripts/checkpatch.pl" \
			--root "$source" --strict --no-tree --no-summary --terse --show-types -f) |
		sed "s,^$top/,," |
		awk -F '[: ]+' '
		FNR == NR {
			split($0, rule, "[ \t]+")
			if ($0 !~ /^#/ && $0 != "")
				ignored[++n] = rule[2] "\t" rule[1]
			next
		}
		{
			for (i = 1; i <= n; i++) {
				split(ignored[i], rule, "\t")
				if (index($1, rule[1]) == 1 && $4 == rule[2])
					next
			}
			print
		}' tests/lint/checkpatch.ignore -
}

check_kernel-doc() {
	local source
	source=$(tests/linux-source.sh)
	# It has an exit status of its own only for what it cannot read.
	files 'driver/*.[ch]' 'arch/*.[ch]' 'access/*.[ch]' |
		xargs -0 perl "$source/scripts/kernel-doc" -none 2>&1
}

# build KERNEL NAME ARGUMENT...: builds the module anew and shows warnings.
build() {
	local kernel=$1 name=$2 status=0
	shift 2
	rm -rf "build/module/$kernel-amd64-$name"
	vm/module --kernel "$kernel" --variant "$name" -- "$@" \
		>"$log/build-$name" 2>&1 || status=$?
	grep -Ev '^ +(CC|LD|CHECK|MODPOST) ' "$log/build-$name" |
		grep -E -A 3 'warning:|error:|Error |WARNING' || :
	[ "$status" -eq 0 ] || tail -n 3 "$log/build-$name"
}

check_sparse() {
	build 6.1 sparse C=2
}

check_w1-6.1() {
	build 6.1 w1 W=1
}

check_w1-6.12() {
	build 6.12 w1 W=1
}

# Of the kernel's macros it is told those that are loops.
check_cppcheck() {
	local args=(--quiet --std=c11 --inline-suppr -j 2
		"--enable=warning,performance,portability"
		--suppressions-list=tests/lint/cppcheck.suppress)
	files '*.c' ':!driver/*' ':!access/*' ':!*.bpf.c' |
		xargs -0 cppcheck "${args[@]}" 2>&1
	files 'driver/*.c' 'access/*.c' |
		xargs -0 cppcheck "${args[@]}" --include=tests/lint/cppcheck.h 2>&1
}

# finds FILE COMMAND...: what an analyzer finds in FILE, and if it fails, that it
# does, with all that it says.
finds() {
	local file=$1 status=0 said
	shift
	said=$("$@" "$file" 2>&1) || status=$?
	if [ "$status" -eq 0 ]; then
		grep -E '^[^ ]+: warning: ' <<<"$said" || :
	else
		printf '%s\n' "status $status, without an answer" "$said" |
			sed "s,^,$file: $1: ,"
	fi
}

analyze() {
	local flags
	# Of pkg-config there are several words.
	# shellcheck disable=SC2206
	flags=(-std=gnu11 -maes -mpclmul -msse4.1 -msha $tracing)
	[[ $1 = vm/* ]] || flags+=(-D_GNU_SOURCE)
	finds "$1" clang --analyze "${flags[@]}" -o /dev/null
	finds "$1" gcc -fanalyzer -O2 "${flags[@]}" -c -o /dev/null
}

# Each sees one file at a time: what they find only because they do not know what
# a function of another file returns is named in analyzers.ignore.
# shellcheck disable=SC2016 # expanded by the shell in it
check_analyzers() {
	tracing=$(pkg-config --cflags libtracefs)
	export tracing
	export -f finds analyze
	{
		files 'arch/*.c' 'lib/*.c' 'tool/*.c' 'vm/*.c' 'tests/common/*.c'
		files access/policy.c
	} | xargs -0 -P 2 -I '{}' bash -c 'analyze "$1"' analyze '{}' 2>&1 | awk '
		# What begins before the line: the last name at the beginning of one.
		function function_at(file, line,	text, name, i) {
			for (i = 1; i <= line && (getline text <file) > 0; i++) {
				sub(/^__attribute__\(\([a-z_]+\)\) /, "", text)
				if (text ~ /^[a-z].*\(/ && text !~ /[;:]$/) {
					match(text, /[a-zA-Z0-9_]+\(/)
					name = substr(text, RSTART, RLENGTH - 1)
				}
			}
			close(file)
			return name
		}
		FNR == NR {
			if ($0 !~ /^#/ && NF == 3)
				ignored[$1 " " $2 " " $3]
			next
		}
		seen[$0]++ { next }
		{
			split($1, place, ":")
			id = $NF
			gsub(/^\[-?|\]$/, "", id)
			where = function_at(place[1], place[2])
			if (!(place[1] " " where " " id in ignored))
				print $0 (where ? " in " where : "")
		}' tests/lint/analyzers.ignore -
}

# An analyzer that crashes has not found that there is nothing.
check_self() {
	local broken=$log/broken name said tracing=
	mkdir -p "$broken"
	for name in clang gcc; do
		# shellcheck disable=SC2016 # expanded by the shell in it
		printf '#!/bin/sh\nkill -SEGV $$\n' >"$broken/$name"
		chmod +x "$broken/$name"
	done
	said=$(PATH=$broken:$PATH analyze access/policy.c 2>&1)
	for name in clang gcc; do
		[[ $said = *"access/policy.c: $name: status 139,"* ]] ||
			echo "$name crashed, and it was not seen"
	done
}

check_scripts() {
	files . | while IFS= read -r -d '' f; do
		! head -n 1 "$f" | grep -Eq '^#!.*/(ba|da)?sh' ||
			printf '%s\0' "$f"
	done | xargs -0 shellcheck -x
}

check_purity() {
	# What is found is what make says when it fails.
	make --no-print-directory -s -C tests/arch purity \
		>"$log/purity.make" 2>&1 || cat "$log/purity.make"
	# Beside softsgx.ko there are the objects.
	local built
	built=$(vm/module --kernel 6.1 2>"$log/purity.module") || {
		cat "$log/purity.module"
		return
	}
	built=${built%/*}/../access
	comm -23 <(nm -u "$built"/*.o | awk '$2 ~ /^sgx_/ { print $2 }' | sort -u) \
		<(nm -g --defined-only "$built"/*.o | awk 'NF == 3 { print $3 }' | sort -u) |
		sed 's/$/ is called by access\//'
}

for name in "$@"; do
	case " ${all[*]} " in
	*" $name "*) ;;
	*)
		sed -n '/^# Usage:/,/^$/s/^# \{0,1\}//p' "$0"
		[ "$name" != -h ] && [ "$name" != --help ] && exit 2
		exit 0
		;;
	esac
done
[ $# -gt 0 ] || set -- "${all[@]}"

# A check passes when it has nothing to say.
passed=0
failed=0
for name in "$@"; do
	"check_$name" >"$log/$name" 2>&1 || :
	if [ -s "$log/$name" ]; then
		failed=$((failed + 1))
		printf '%-12s FAILED\n' "$name"
		sed 's/^/  /' "$log/$name"
	else
		passed=$((passed + 1))
		printf '%-12s ok\n' "$name"
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]

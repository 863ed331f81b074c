#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# Prints the domains of several.c, to be put behind tests/selinux/base.cil:
# all_t may do everything, no_N_t everything but the privilege N.

set -euo pipefail

domain() {
	echo "(type $1)"
	echo "(roletype r $1)"
	echo "(typeattributeset domain ($1))"
}

echo '; Made by several.sh.'
domain all_t
for n in {0..9}; do
	domain "no_${n}_t"
	for class in file chr_file; do
		echo "(allowx no_${n}_t other_t (ioctl $class (not (0xa4c$n))))"
	done
done

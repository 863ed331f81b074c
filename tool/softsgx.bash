# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# shellcheck shell=bash
# Completion of softsgx for bash: verbs, then options of the verb, then files.

_softsgx() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}
	local verbs="run sign measure inspect lint convert ps top trace status doctor policy"
	local layout="--size= --ssaframesize= --heap= --tcs-first"
	local words

	if [ "$COMP_CWORD" -eq 1 ]; then
		mapfile -t COMPREPLY < <(compgen -W "$verbs --help --version" -- "$cur")
		return
	fi
	case $prev in
	--kernel)
		mapfile -t COMPREPLY < <(compgen -W "bookworm trixie sid" -- "$cur")
		return
		;;
	--sort)
		mapfile -t COMPREPLY < <(compgen -W "entries memory aexes faults id" -- "$cur")
		return
		;;
	--ignore)
		mapfile -t COMPREPLY < <(compgen -W "debug einit entry no-kss
			no-ssa no-tcs one-ssa provision relocations signature ssa
			unmeasured-code unmeasured-data unmeasured-tcs wide-misc
			wide-xfrm wx-pages" -- "$cur")
		return
		;;
	--rw)
		mapfile -t COMPREPLY < <(compgen -d -- "$cur")
		return
		;;
	esac
	case ${COMP_WORDS[1]} in
	run)
		words="--host --vm --kernel --epc --mem --smp --param --policy --rw
			--net --publish --cpuid --timeout --fresh-secret"
		;;
	sign)
		words="--json --key --passphrase-file --output --payload --from --signature --debug --kss
			--provision --attributes --attribute-mask --xfrm --xfrm-mask
			--miscselect --misc-mask --prodid --svn --family-id
			--ext-prodid --date --vendor --swdefined $layout"
		;;
	measure) words="--json $layout" ;;
	inspect) words="--json --svg --mrsigner= $layout" ;;
	lint) words="--json --sigstruct --errors --ignore= $layout" ;;
	convert) words="--json --output $layout" ;;
	status | doctor | ps) words="--json" ;;
	top) words="--batch --json --delay --count --sort" ;;
	trace) words="--json --chrome --output --pid --time --buffer" ;;
	policy)
		case ${COMP_WORDS[2]} in
		test) words="--json --cases --sigstruct" ;;
		explain)
			words="--vm --host --kernel --output --signer --selinux
				--json"
			;;
		*) words="--json" ;;
		esac
		[ "$COMP_CWORD" -gt 2 ] || words="check load show test explain --json"
		;;
	esac
	if [[ $cur == -* || (${COMP_WORDS[1]} == policy && $COMP_CWORD -eq 2) ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$words --help" -- "$cur")
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
	fi
}
complete -o filenames -F _softsgx softsgx

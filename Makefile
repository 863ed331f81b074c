# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
#
# The front door: each target calls one script or one part's Makefile.

# The kernel of the VM: bookworm (6.1), trixie (6.12) or sid (7.2 or later).
KERNEL ?= bookworm

.PHONY: help run bench check check-native check-vm check-access check-attack \
	check-isolation check-selinux check-paging check-paging-long check-ceiling \
	check-modules check-stress \
	check-selftests check-calls check-races check-kasan check-fault fuzz check-tool check-doc \
	check-kubernetes check-packages lint module packages \
	programs tool deps clean

help:
	@echo 'make run              build all, boot it, see an enclave work'
	@echo 'make check            the tests and the linters, but not the slow tests'
	@echo 'make check-native     arch/ and access/ on this machine, with coverage'
	@echo 'make check-vm         the interface of the module, in the VM'
	@echo 'make check-access     the rules and what makes them, in the VM; their fuzzer at length'
	@echo 'make check-attack     attacks that must fail, with controls, in the VM'
	@echo 'make check-isolation  the program against its enclaves, with controls, in the VM'
	@echo 'make check-selinux    SELinux decides about enclaves, in the VM'
	@echo 'make check-paging     enclaves larger than a small EPC, in the VM'
	@echo 'make check-paging-long  1 GiB in 32 MiB of EPC; 64 MiB and the selftests (minutes)'
	@echo 'make check-selftests  the SGX selftests of KERNEL, on KERNEL, in the VM'
	@echo 'make check-ceiling    what mappings cost; a library OS (minutes; short in check)'
	@echo 'make check-modules    200 loads and unloads (minutes, not in check)'
	@echo 'make check-stress     200 enclaves and all that can happen to them, 10 minutes'
	@echo '                      or SECONDS_=N (a minute of it is in check); one with 8 threads'
	@echo 'make check-calls      the fuzzer of calls, in the VM, 5 minutes or FUZZ_SECONDS=N'
	@echo 'make check-races      what races, on processors that run at once (not in check)'
	@echo 'make check-kasan      the tests in the VM on a kernel that finds mistakes (not in check)'
	@echo 'make check-fault      all that can fail there made to fail, one by one (not in check)'
	@echo 'make fuzz             all fuzzers, that of calls there: FUZZ_SECONDS=3600 each'
	@echo 'make check-tool       the softsgx command, here and in the VM'
	@echo 'make check-doc        what the pages name; the sessions in them'
	@echo 'make packages         the Debian packages, in build/packages/'
	@echo 'make check-kubernetes what a cluster looks at on a node, and containers on it'
	@echo 'make check-packages   them, with lintian and DKMS; installed in the VM (not in check)'
	@echo 'make bench            instructions of all there is, against the kernel alone'
	@echo 'make lint             style, sparse, cppcheck, analysers, shellcheck, warnings'
	@echo 'make tool             build the library and the softsgx command'
	@echo 'make programs         build the example and the selftests'
	@echo 'make module           build softsgx.ko for the kernel of the VM'
	@echo 'make deps             install what all of this needs'
	@echo 'make clean            remove what was built (not what was fetched)'
	@echo 'make help             this'
	@echo
	@echo 'KERNEL=bookworm|trixie|sid, or 6.1|6.12|7.2: which Debian kernel'
	@echo 'W=1                   (module) more warnings of the compiler'
	@echo 'vm/run -- COMMAND     runs any command of this machine in the VM'

run:
	@vm/deps run
	@vm/kernel --kernel $(KERNEL) >/dev/null
	@echo 'Building the example, the selftests and softsgx.ko'
	@$(MAKE) --no-print-directory -s programs
	@vm/module --kernel $(KERNEL) >build/module.log 2>&1 || \
		{ cat build/module.log; exit 1; }
	@vm/demo --kernel $(KERNEL)

programs:
	@$(MAKE) --no-print-directory -C examples
	@tests/selftests/run.sh --kernel $(KERNEL) --build >/dev/null

check: deps
	@tests/check.sh --kernel $(KERNEL) lint native vm access isolation selinux \
		paging attack ceiling-short selftests-both stress-short calls \
		doc

# One after the other; what reaches something new is kept in build/tests/fuzz.
fuzz: FUZZ_SECONDS ?= 3600
fuzz: deps
	@for i in leaves rules readers; do \
		$(MAKE) --no-print-directory -C tests/fuzz -f $$i.mk fuzz \
			SECONDS=$(FUZZ_SECONDS) || exit; \
	done
	@tests/fuzz/calls.sh --kernel kasan --seconds $(FUZZ_SECONDS)

check-access: deps
	@tests/check.sh --kernel $(KERNEL) access access-long

check-native check-vm check-attack check-isolation check-selinux \
check-paging check-paging-long check-selftests check-ceiling check-modules check-stress \
check-doc check-calls check-kasan check-fault: check-%: deps
	@tests/check.sh --kernel $(KERNEL) $*

# What races, on processors that really run at once.
check-races: deps
	@tests/check.sh --kernel $(KERNEL) --mttcg vm access isolation attack \
		stress-short

tool:
	@vm/deps run
	@$(MAKE) --no-print-directory -s -C tool

check-tool: deps
	@tests/tool/run.sh --vm

packages:
	@vm/deps packages
	@packaging/build.sh

check-kubernetes:
	@vm/deps packages
	@tests/packages/node.sh --kernel $(KERNEL)

check-packages:
	@vm/deps packages
	@tests/packages/run.sh --vm

lint: deps
	@tests/check.sh --kernel $(KERNEL) lint

bench: deps
	@bench/run.sh --kernel $(KERNEL)

module:
	@vm/deps run
	@vm/module --kernel $(KERNEL) -- W=$(W)

deps:
	@vm/deps check

clean:
	rm -rf build/bench build/examples build/lib build/module \
		build/native build/selftests build/tests build/tool build/vm build/*.log

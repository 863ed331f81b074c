# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# Fuzzes the library's readers: ELF, SGXS, SIGSTRUCT, quotes.
#
#	make -f readers.mk check	the kept corpus and seeds made here once, and a
#					short run
#	make -f readers.mk fuzz		RUNS runs (a million), or for SECONDS, from them
#	make -f readers.mk merge	keep what of the last run covers more

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
OUT := $(TOP)/build/tests/fuzz
SRC := $(TOP)/tests/fuzz
RUNS ?= 1000000
LIMIT = $(if $(SECONDS),-max_total_time=$(SECONDS),-runs=$(RUNS))

CLANG ?= clang
FLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
SOURCES := $(SRC)/readers.c $(wildcard $(TOP)/lib/*.c $(TOP)/arch/*.c) \
	$(TOP)/lib/enter.S
HEADERS := $(wildcard $(TOP)/lib/*.h $(TOP)/arch/*.h)
FUZZ = $(OUT)/readers -dict=$(SRC)/readers.dict -max_len=32768 \
	-print_final_stats=1 -artifact_prefix=$(OUT)/readers- \
	$(OUT)/readers_new $(SRC)/readers_corpus $(OUT)/readers_seeds

check: RUNS := 20000
check fuzz: $(OUT)/readers $(OUT)/readers_seeds
	@mkdir -p $(OUT)/readers_new
	$(FUZZ) $(LIMIT)

# The seeds first: what they cover is not kept again.
merge: $(OUT)/readers $(OUT)/readers_seeds
	@rm -rf $(OUT)/readers_merged
	@mkdir -p $(OUT)/readers_merged
	cp $(OUT)/readers_seeds/* $(OUT)/readers_merged
	$(OUT)/readers -merge=1 -max_len=4096 $(OUT)/readers_merged \
		$(SRC)/readers_corpus $(OUT)/readers_new
	cd $(OUT)/readers_seeds && for i in *; do rm $(OUT)/readers_merged/$$i; done
	cp $(OUT)/readers_merged/* $(SRC)/readers_corpus

# A small enclave as ELF and as SGXS, its SIGSTRUCT.
$(OUT)/readers_seeds: $(SRC)/readers.S
	@mkdir -p $(OUT) $@
	@$(MAKE) --no-print-directory -s -C $(TOP)/tool
	gcc -nostdlib -static -no-pie -Wl,--build-id=none -Wl,-z,noexecstack \
		-Wl,-T,$(TOP)/examples/common/enclave.lds -o $@/elf $<
	openssl genrsa -3 -out $(OUT)/readers.pem 3072
	$(TOP)/build/tool/softsgx convert $@/elf -o $@/sgxs
	$(TOP)/build/tool/softsgx sign $@/elf -k $(OUT)/readers.pem -o $@/sigstruct
	$(CC) -o $(OUT)/readers-quote $(TOP)/tests/tool/quote.c -lcrypto
	$(OUT)/readers-quote $@/quote
	head -c 1408 $@/sgxs >$@/sgxs_short
	head -c 160 $@/sgxs | sed 's/ECREATE/UNSIZED/' >$@/sgxs_unsized

$(OUT)/readers: $(SOURCES) $(HEADERS)
	@mkdir -p $(OUT)
	$(CLANG) $(FLAGS) -o $@ $(SOURCES) -lcrypto

clean:
	rm -rf $(OUT)/readers*

.PHONY: check fuzz merge clean

# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# Fuzzes the library's readers: ELF, SGXS, SIGSTRUCT, quotes.
#
#	make -f readers.mk check	a short run, from seeds made here
#	make -f readers.mk fuzz		RUNS runs (a million), or for SECONDS

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
	$(OUT)/readers_new $(OUT)/readers_seeds

check: RUNS := 20000
check fuzz: $(OUT)/readers $(OUT)/readers_seeds
	@mkdir -p $(OUT)/readers_new
	$(FUZZ) $(LIMIT)

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

.PHONY: check fuzz clean

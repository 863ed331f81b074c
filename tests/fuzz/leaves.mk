# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# Fuzzes the leaves of ENCLS and ENCLU (arch/).
#
#	make -f leaves.mk check		the inputs that are kept, and a short run
#	make -f leaves.mk fuzz		for SECONDS (1800)

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
OUT := $(TOP)/build/tests/fuzz
SRC := $(TOP)/tests/fuzz
SECONDS ?= 1800

CLANG ?= clang
FLAGS := -std=gnu11 -D_GNU_SOURCE -O1 -g -Wall -Wextra -Werror \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
	-DOPENSSL_API_COMPAT=0x10100000L
SOURCES := $(SRC)/leaves.c $(TOP)/tests/arch/host.c $(wildcard $(TOP)/arch/*.c)
HEADERS := $(wildcard $(TOP)/tests/arch/*.h $(TOP)/arch/*.h)
# An assertion of tests/arch/host.c is a crash, and not an exit.
FUZZ = CMOCKA_TEST_ABORT=1 $(OUT)/leaves -max_len=1025 -print_final_stats=1 \
	-artifact_prefix=$(OUT)/leaves- -detect_leaks=0 \
	$(OUT)/leaves_new $(SRC)/leaves_corpus

check: RUN := -max_total_time=60
fuzz: RUN := -max_total_time=$(SECONDS)
check fuzz: $(OUT)/leaves
	@mkdir -p $(OUT)/leaves_new $(SRC)/leaves_corpus
	$(FUZZ) $(RUN)

$(OUT)/leaves: $(SOURCES) $(HEADERS)
	@mkdir -p $(OUT)
	$(CLANG) $(FLAGS) -o $@ $(SOURCES) -lcmocka -lcrypto

clean:
	rm -rf $(OUT)/leaves*

.PHONY: check fuzz clean

# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# Fuzzes the parser of the rules.
#
#	make -f rules.mk check	the kept corpus once, and a short run
#	make -f rules.mk fuzz	RUNS runs (ten million), or for SECONDS, from the
#				kept corpus
#	make -f rules.mk merge	keep what of the last run covers more

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
OUT := $(TOP)/build/tests/fuzz
SRC := $(TOP)/tests/fuzz
RUNS ?= 10000000
LIMIT = $(if $(SECONDS),-max_total_time=$(SECONDS),-runs=$(RUNS))

CLANG ?= clang
FLAGS := -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wno-initializer-overrides \
	-fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
SOURCES := $(SRC)/rules.c $(TOP)/access/policy.c
HEADERS := $(wildcard $(TOP)/access/policy*.h) $(TOP)/include/uapi/softsgx.h
FUZZ := $(OUT)/rules -dict=$(SRC)/rules.dict -max_len=1024 -print_final_stats=1 \
	-artifact_prefix=$(OUT)/rules-

check: $(OUT)/rules
	@mkdir -p $(OUT)/rules_new
	$(FUZZ) -runs=100000 $(OUT)/rules_new $(SRC)/rules_corpus

fuzz: $(OUT)/rules
	@mkdir -p $(OUT)/rules_new
	$(FUZZ) $(LIMIT) $(OUT)/rules_new $(SRC)/rules_corpus

merge: $(OUT)/rules
	$(OUT)/rules -merge=1 $(SRC)/rules_corpus $(OUT)/rules_new

$(OUT):
	mkdir -p $@

$(OUT)/rules: $(SOURCES) $(HEADERS) | $(OUT)
	$(CLANG) $(FLAGS) -o $@ $(SOURCES)

clean:
	rm -rf $(OUT)/rules $(OUT)/rules_new

.PHONY: check fuzz merge clean

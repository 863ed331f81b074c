# SPDX-License-Identifier: GPL-2.0 OR BSD-3-Clause
# Builds the fuzzer of calls into build/tests/fuzz. It runs in the VM, by
# calls.sh.

TOP := $(abspath $(dir $(lastword $(MAKEFILE_LIST)))../..)
UAPI := $(TOP)/build/tests/uapi
OUT := $(TOP)/build/tests/fuzz
SRC := $(TOP)/tests/fuzz

CFLAGS ?= -O2 -g
WARN := -std=gnu11 -Wall -Wextra -Werror -D_GNU_SOURCE
SOURCES := $(SRC)/calls.c $(SRC)/calls_engine.c
LIB := $(addprefix $(UAPI)/lib/,lib.c.o load.c.o sign.c.o vdso.c.o raw.S.o \
	enter.S.o)
HEADERS := $(wildcard $(SRC)/*.h $(TOP)/tests/uapi/*.h)

all: $(OUT)/calls $(OUT)/enclave.elf $(OUT)/key.pem

# The library and the enclave of tests/uapi.
uapi:
	$(MAKE) --no-print-directory -s -C $(TOP)/tests/uapi

$(OUT)/calls: $(SOURCES) $(HEADERS) | uapi
	@mkdir -p $(OUT)
	$(CC) $(CFLAGS) $(WARN) -o $@ $(SOURCES) \
		$(LIB) -lcrypto -lpthread

# The enclave of tests/uapi with fewer threads: most of an input's time is the
# building of its enclaves.
$(OUT)/enclave.elf: $(TOP)/tests/uapi/enclave/enclave.c $(HEADERS) | uapi
	@mkdir -p $(OUT)
	$(MAKE) --no-print-directory -s -C $(TOP)/tests/uapi OUT=$(OUT)/small \
		ENCLAVE_LAYOUT="-DTHREADS=3 -DNSSA=2 -DSTACK_SIZE=4096" \
		$(OUT)/small/enclave.elf
	cp $(OUT)/small/enclave.elf $@

$(OUT)/key.pem: | uapi
	@mkdir -p $(OUT)
	cp $(UAPI)/key.pem $@

clean:
	rm -rf $(OUT)/calls

.PHONY: all uapi clean

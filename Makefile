# Verbs for people; the build itself is described in meson.build.

BUILD ?= build

SEEDS ?= 100000

.PHONY: all setup run test unit sim bench asan fuzz differential check format clean help

all: setup ## Build build/galop
	@ninja -C $(BUILD) galop

setup: ## Install what is missing and configure the build folder
	@tools/install-packages build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD)

run: all ## Build, start everything on loopback and walk through the rider-photo sample (ONCE=1: then stop)
	@tools/install-packages sample
	@GALOP=$(CURDIR)/$(BUILD)/galop samples/rider-photos/run.sh

test: ## Install what is missing and run every test; closes with "N passed, N failed"
	@tools/install-packages build test sample
	@tools/run-tests

unit: setup ## Unit tests alone
	@ninja -C $(BUILD)
	@meson test -C $(BUILD) --suite unit --print-errorlogs

sim: setup ## Whole executions with crashes, a simulated disk and clock, from SEEDS seeds (100000)
	@ninja -C $(BUILD) test/sim/sim
	@SIM=$(BUILD)/test/sim/sim SEEDS=$(SEEDS) test/sim/run

bench: ## Measure against a raw HTTP server in the same run
	@tools/install-packages build bench
	@bench/run

asan: ## Unit tests under AddressSanitizer and UndefinedBehaviorSanitizer
	@tools/install-packages build
	@test -f build-asan/build.ninja || meson setup build-asan -Db_sanitize=address,undefined
	@ninja -C build-asan
	@ASAN_OPTIONS=halt_on_error=1 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 meson test -C build-asan --suite unit --print-errorlogs

fuzz: ## Run every fuzzer for a minute (SECONDS_EACH=60)
	@tools/install-packages build fuzz
	@tools/run-fuzzers

COUNT ?= 100000
SEED ?= 1

differential: all ## Compare JSONata with its reference implementation over random expressions (COUNT=100000 SEED=1)
	@tools/install-packages test
	@GALOP=$(CURDIR)/$(BUILD)/galop test/differential/run --count $(COUNT) --seed $(SEED)

check: ## Layers, house rules and formatting
	@tools/install-packages build check
	@python3 tools/check_layers.py
	@python3 tools/tidy.py
	@clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

format: ## Format every source file
	@clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## Remove build folders
	@rm -rf build build-*

help: ## This list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

# The ways in. `make help` lists them. CMake builds; the scripts are in share/scripts.
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?=
PORT_BASE ?=

deps = share/scripts/dependencies.sh
ninja = ninja -C $(BUILD) $(if $(JOBS),-j$(JOBS))
jobs = $(or $(JOBS),$(shell nproc))
configure = cmake -G Ninja -S . -B $(BUILD) -DCMAKE_BUILD_TYPE=RelWithDebInfo \
  $(if $(shell command -v ccache),-DCMAKE_CXX_COMPILER_LAUNCHER=ccache) \
  $(if $(CI),-DTANDEM_WERROR=ON) --log-level=NOTICE

.PHONY: run build test check tidy bench install clean help

run: ## install what is missing, build, start everything; Ctrl-C stops it
	@$(deps) build run
	@$(configure)
	@$(ninja) --quiet programs
	@exec bin/tandem/tandem --bin $(BUILD)/bin $(if $(PORT_BASE),--port-base $(PORT_BASE)) up

build: ## build the programs
	@$(deps) build
	@$(configure)
	@$(ninja) programs

test: ## install what is missing, build everything, run every test
	@$(deps) build run test
	@share/scripts/consul.sh $(BUILD)/tools >/dev/null
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja)
	@ctest --test-dir $(BUILD) --output-on-failure --no-tests=error -j$(jobs) $(CTEST_ARGS)

check: ## formatter, shellcheck, manual pages, layers, options
	@$(deps) test
	@tests/lint/all.sh . $(BUILD)/bin

tidy: build ## clang-tidy over the sources
	@run-clang-tidy-16 -quiet -p $(BUILD) '^$(CURDIR)/(lib|bin)/'

bench: ## install what is missing, build, run the benchmarks
	@$(deps) build run test bench
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja) --quiet programs tandem-load
	@TANDEM_BIN=$(CURDIR)/$(BUILD)/bin tests/bench/run $(BENCH_ARGS)

install: ## install below $(DESTDIR)$(PREFIX)
	@$(deps) build
	@$(configure) -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@$(ninja) --quiet programs
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD)

clean: ## remove what the build made; data below run/ stays
	@rm -rf $(BUILD)

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

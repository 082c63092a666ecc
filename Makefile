# The ways in. `make help` lists them. CMake builds; the scripts are in share/scripts.
BUILD ?= build
PREFIX ?= /usr/local
JOBS ?=
PORT_BASE ?=
ONLY ?=
TABLES ?=
COORD ?=
CLANG ?= clang-16

# With it, cd in a script would look elsewhere.
unexport CDPATH

deps = share/scripts/dependencies.sh
ninja_in = share/scripts/build.sh
ninja = $(ninja_in) $(BUILD) $(if $(JOBS),-j$(JOBS))
jobs = $(or $(JOBS),$(shell nproc))
configure = share/scripts/configure.sh $(BUILD) $(werror)
werror = $(if $(CI),-DTANDEM_WERROR=ON)
# Unless one is named.
bring_consul = $(if $(TANDEM_CONSUL)$(CONSUL_HTTP_ADDR),,share/scripts/consul.sh $(BUILD)/tools >/dev/null)

.DEFAULT_GOAL = help
.PHONY: run build test test-backends test-ui sim model check fuzz sanitize clang tidy bench torture nightly install \
  clean help

run: ## install, build, start everything: ONLY=toystore, TABLES=postgres, COORD=consul; Ctrl-C stops it
	@$(deps) build run $(filter postgres,$(TABLES))
	@$(if $(filter consul,$(COORD)),$(bring_consul))
	@$(configure)
	@$(ninja) programs
	@exec bin/tandem/tandem --bin $(BUILD)/bin $(if $(PORT_BASE),--port-base $(PORT_BASE)) \
	  $(if $(ONLY),--only $(ONLY)) $(if $(TABLES),--tables $(TABLES)) \
	  $(if $(COORD),--coord $(COORD)) up

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

on = $(if $(TABLES)$(COORD),'TABLES=$(TABLES) COORD=$(COORD)',TABLES=postgres COORD=consul)
test-backends: ## the suites of the programs on PostgreSQL, then on Consul: SUITES="database users"
	@$(deps) build run test
	@share/scripts/consul.sh $(BUILD)/tools >/dev/null
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja)
	@status=0; for on in $(on); do \
	  env $$on TANDEM_BUILD=$(CURDIR)/$(BUILD) TANDEM_BIN=$(CURDIR)/$(BUILD)/bin \
	    TANDEM_TOOLS=$(CURDIR)/$(BUILD)/tools tests/backends.sh $(SUITES) || status=1; done; exit $$status

test-ui: ## the status pages in a headless Chromium; PICTURES=DIR keeps what it looked like
	@$(deps) build run test ui
	@$(configure)
	@$(ninja) programs
	@tests/ui/run.sh $(BUILD) $(PICTURES)

check: ## lints, clang-tidy over what has changed, the model, a little fuzzing
	@$(deps) build test tidy
	@tests/lint/all.sh . $(BUILD)/bin
	@$(MAKE) --no-print-directory $(BUILD)/compile_commands.json
	@tests/tidy.sh $(BUILD) $(jobs) changed
	@$(MAKE) --no-print-directory $(BUILD)/fuzz
	@tests/fuzz/run.sh --build $(BUILD)/fuzz --runs 3000
	@$(MAKE) --no-print-directory model

fuzz: $(BUILD)/fuzz ## fuzz for SECONDS=60 each target, or the one that TARGET names
	@tests/fuzz/run.sh --build $(BUILD)/fuzz --seconds $(or $(SECONDS),60) $(TARGET)

sanitize: $(BUILD)/asan $(BUILD)/tsan ## tests with ASan and UBSan, then with TSan
	@tests/sanitize.sh $(BUILD)/asan $(or $(SEEDS),300) $(jobs)
	@tests/sanitize.sh $(BUILD)/tsan $(or $(SEEDS),300) $(jobs)

clang: $(BUILD)/clang-asan $(BUILD)/clang-tsan ## unit tests and simulator with the same, built by clang
	@tests/sanitize.sh $(BUILD)/clang-asan $(or $(SEEDS),300) $(jobs) unit sim
	@tests/sanitize.sh $(BUILD)/clang-tsan $(or $(SEEDS),300) $(jobs) unit sim

# Builds of their own, below the usual one.
.PHONY: $(addprefix $(BUILD)/,fuzz asan tsan clang-asan clang-tsan)
clangs = -DCMAKE_C_COMPILER=$(CLANG) -DCMAKE_CXX_COMPILER=$(subst clang,clang++,$(CLANG))
$(BUILD)/fuzz:
	@$(deps) build fuzz
	@share/scripts/configure.sh $@ $(werror) -DTANDEM_FUZZ=ON $(clangs)
	@$(ninja_in) $@ $(if $(JOBS),-j$(JOBS)) fuzz_targets
$(BUILD)/asan: sanitizer = address,undefined
$(BUILD)/tsan: sanitizer = thread
$(BUILD)/asan $(BUILD)/tsan:
	@$(deps) build run test
	@share/scripts/configure.sh $@ $(werror) -DTANDEM_TESTS=ON -DTANDEM_SANITIZE=$(sanitizer)
	@$(ninja_in) $@ $(if $(JOBS),-j$(JOBS))
$(BUILD)/clang-asan: sanitizer = address,undefined
$(BUILD)/clang-tsan: sanitizer = thread
$(BUILD)/clang-asan $(BUILD)/clang-tsan:
	@$(deps) build test fuzz
	@share/scripts/configure.sh $@ $(werror) -DTANDEM_TESTS=ON -DTANDEM_SANITIZE=$(sanitizer) $(clangs)
	@$(ninja_in) $@ $(if $(JOBS),-j$(JOBS))

sim: ## simulate the protocol, the toy store and coordination: SEEDS=n (20000) seeds each from SEED=s (1)
	@$(deps) build test
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja) tandem_sim
	@$(BUILD)/tests/sim/tandem_sim --file tests/sim/seeds.txt --seed $(or $(SEED),1) \
	  --seeds $(or $(SEEDS),20000) --jobs $(jobs)
	@$(BUILD)/tests/sim/tandem_sim --store --seed $(or $(SEED),1) --seeds $(or $(SEEDS),20000) \
	  --jobs $(jobs)
	@$(BUILD)/tests/sim/tandem_sim --coord --seed $(or $(SEED),1) --seeds $(or $(SEEDS),20000) \
	  --jobs $(jobs)

model: $(BUILD)/model/tandem-model ## the protocol's model, all states within small bounds
	@tests/model/check.sh $< $(jobs)

$(BUILD)/model/tandem-model: $(wildcard tests/model/*.cc tests/model/*.h)
	@$(deps) build
	@mkdir -p $(@D)
	@$(CXX) -O2 -std=c++20 -Wall -Wextra -Wpedantic -Wshadow -Wconversion -o $@ $(filter %.cc,$^)

# What clang-tidy reads: how each file is compiled, and the header that the build makes.
$(BUILD)/compile_commands.json: FORCE
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja) tandem_commit
FORCE:

tidy: $(BUILD)/compile_commands.json ## clang-tidy over all sources
	@$(deps) build test tidy
	@tests/tidy.sh $(BUILD) $(jobs) all

bench: ## install what is missing, build, run the benchmarks; TABLES=postgres
	@$(deps) build run test bench
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja) programs tandem-load
	@TANDEM_BIN=$(CURDIR)/$(BUILD)/bin TABLES=$(TABLES) tests/bench/run $(BENCH_ARGS)

torture: ## real processes under faults: MINUTES=n SEED=s, STORE=1, TABLES=postgres, COORD=consul
	@$(deps) build run test
	@$(configure) -DTANDEM_TESTS=ON
	@$(ninja) programs tandem-torture
	@exec tests/torture/torture --build $(BUILD) $(if $(MINUTES),--minutes $(MINUTES)) \
	  $(if $(SEED),--seed $(SEED)) $(if $(STORE),--store) \
	  $(if $(TABLES),--tables $(TABLES)) $(if $(COORD),--coord $(COORD)) $(TORTURE_ARGS)

nightly: ## hours: sim, torture, backends, sanitize, clang, tidy, fuzz; PARTS="sim torture", SEED=s
	@MAKE='$(MAKE)' $(if $(SEED),SEED=$(SEED)) tests/nightly.sh $(PARTS)

install: ## install below $(DESTDIR)$(PREFIX)
	@$(deps) build
	@$(configure) -DCMAKE_INSTALL_PREFIX=$(PREFIX)
	@$(ninja) programs
	@DESTDIR=$(DESTDIR) cmake --install $(BUILD)

clean: ## remove what the build made; data below run/ stays
	@rm -rf $(BUILD)

help: ## show this
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' Makefile

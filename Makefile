# One release build serves run and test. Everything a target needs, it installs (deps, deps-check).
SHELL := /bin/bash
.DEFAULT_GOAL := help
SWIFT_BUILD := swift build -c release
SEEDS ?= 10
RUNS ?= 1000000

.PHONY: help deps deps-check build run test check simulate bench fuzz mutate lint sanitize peers durability docs package clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

deps: ## what building, running and testing need
	@scripts/deps.sh

deps-check: ## the independent judges that `make check` asks
	@scripts/deps-check.sh

build: deps ## the release build that run and test share
	@$(SWIFT_BUILD) --build-tests

run: deps ## the lab: three countries, speech across the border (without a terminal it plays once and exits)
	@$(SWIFT_BUILD) --product euccs
	@if [ -t 1 ]; then exec .build/release/euccs lab; else exec .build/release/euccs lab --once --report lab-out/report.json; fi

test: build ## every test that needs nothing but this machine
	@scripts/test.sh

simulate: ## many countries in one process, SEEDS=n runs
	@$(SWIFT_BUILD) --product euccs
	@.build/release/euccs simulate --seeds $(SEEDS)

bench: deps-check ## timings as ratios against a peer in the same run (USERS=n GROUPS=n: size of the nation)
	@$(SWIFT_BUILD) --product euccs
	@NATION_GROUPS="$(GROUPS)" USERS="$(USERS)" Benchmarks/run.sh

fuzz: deps ## each codec RUNS times with hostile octets
	@RUNS=$(RUNS) Fuzz/run.sh

mutate: deps ## break each named decision: a test must turn red
	@scripts/mutate.sh

lint: ## format and house rules
	@scripts/lint.sh

sanitize: deps ## the tests of Core under address and thread sanitizers
	@scripts/sanitize.sh

peers: deps-check build ## programs nobody here wrote judge our output
	@Trials/peers/run.sh

durability: build ## kill -9 at random moments of administrative changes (KILLS=200), a power cut, a full disk
	@scripts/durability.sh

check: lint sanitize fuzz peers durability mutate ## all of it

package: deps ## a Debian package from the release build, unpacked and tried (.build/package)
	@packaging/deps.sh
	@$(SWIFT_BUILD) --product euccs
	@packaging/package.sh
	@packaging/check.sh

docs: ## the public declarations as a reference (DocC symbol graphs)
	@scripts/docs.sh

clean:
	@rm -rf .build Core/.build lab-out

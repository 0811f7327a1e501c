# Everything a developer runs. `make help` lists it. Scripts in scripts/ do the work, so that CI runs the same.
.DEFAULT_GOAL := help
.PHONY: help build up test test-embedded lint docs deny features bench nightly clean

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

build: ## the program, with TLS: bin/orders, and bin/producer, consumer, replay, which are the same by another name
	cargo build --release --locked -p orders --features tls
	mkdir -p bin && cp --remove-destination target/release/orders bin/orders
	for name in producer consumer replay; do ln -f bin/orders bin/$$name; done

up: ## the order platform on the embedded log
	cargo run --release --locked -p orders -- up

test: ## all tests; prints `N passed, N failed`
	scripts/test.sh

test-embedded: ## the tests that need only cargo (today: all of them)
	scripts/test.sh

lint: ## formatting and clippy, warnings are errors
	scripts/lint.sh

docs: ## rustdoc, warnings are errors
	scripts/docs.sh

deny: ## bans, licences and sources of all dependencies
	scripts/deny.sh

features: ## each feature alone compiles
	scripts/features.sh

bench: ## benchmarks: a table, and target/bench/summary.json (ONLY=G7,G8-p50 for some)
	scripts/bench.sh

nightly: ## what is too long for CI: 20,000 orders through a kill, 500 kills of the log
	scripts/nightly.sh

clean: ## remove what was built
	cargo clean
	rm -rf bin

# Everything a developer runs. `make help` lists it. Scripts in scripts/ do the work, so that CI runs the same.
.DEFAULT_GOAL := help
.PHONY: help setup build up topics producer consumer replay gateway infra-up infra-down test test-embedded test-services
.PHONY: sim tls lint docs deny features bench nightly clean

# Where the processes find Kafka: the environment, else .env, else this machine. `make consumer HTTP_PORT=9190` runs a second one.
KAFKA_BROKERS ?= $(or $(shell sed -n 's/^KAFKA_BROKERS=//p' .env 2>/dev/null | tail -n 1),127.0.0.1:9092)
on_kafka = KAFKA_BROKERS='$(KAFKA_BROKERS)' cargo run --release --locked -p orders --
export HTTP_PORT

help: ## what there is
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## from a fresh machine to running servers with topics
	scripts/setup.sh

build: ## the programs, with TLS: bin/tidegate, bin/orders, and bin/producer, consumer, replay, which are the same by another name
	cargo build --release --locked -p orders -p tidegate-cli --features tls
	mkdir -p bin && cp --remove-destination $${CARGO_TARGET_DIR:-target}/release/orders $${CARGO_TARGET_DIR:-target}/release/tidegate bin
	for name in producer consumer replay; do ln -f bin/orders bin/$$name; done

up: ## the order platform on the embedded log
	cargo run --release --locked -p orders -- up

infra-up: ## Kafka, PostgreSQL and Redis on this machine, in containers where Docker runs and compose.env is there
	scripts/infra.sh up

infra-down: ## ends them; what they kept is gone, in containers what all services kept
	scripts/infra.sh down

topics: ## creates the topics on Kafka
	$(on_kafka) topics

producer: ## the producer alone, on Kafka
	$(on_kafka) producer

consumer: ## the consumer alone, on Kafka
	$(on_kafka) consumer

replay: ## the replay service alone, on Kafka
	$(on_kafka) replay

gateway: ## the simulated payment provider, which needs no Kafka
	cargo run --release --locked -p orders -- gateway

test: ## all tests; prints `N passed, N failed`
	scripts/test.sh

test-embedded: ## the tests that need only cargo
	scripts/test.sh --embedded

sim: ## worlds in which everything goes wrong (SEEDS=1000000 for more, SEED=n for one, step by step)
	scripts/sim.sh

tls: ## TLS and SASL against a broker that asks for them; builds OpenSSL
	scripts/tls.sh

test-services: ## asks running services, wherever they run, and checks what they answer
	scripts/test-orders.sh
	scripts/test-replay.sh

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

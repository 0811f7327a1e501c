#!/usr/bin/env bash
# The long forms of tests that CI runs short.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/features.sh
KILL_ROUNDS=500 cargo test --release --locked --workspace --features "$features" --test embedded_kill -- --nocapture
LOAD_COUNT=20000 cargo test --release --locked --workspace --features "$features" --test e2e -- --nocapture load
LOAD_COUNT=20000 cargo test --release --locked --workspace --features "$features" --test e2e_kafka -- --nocapture --test-threads 1 load
KAFKA_ROUNDS=10 cargo test --release --locked --workspace --features "$features" --test real_kafka -- --nocapture restart cluster
FLEET_MESSAGES=100000 cargo test --release --locked --workspace --features "$features" --test fleet_kafka -- --nocapture
SEEDS=1000000 scripts/sim.sh
scripts/tls.sh

#!/usr/bin/env bash
# The long forms of tests that CI runs short.
set -euo pipefail
cd "$(dirname "$0")/.."
KILL_ROUNDS=500 cargo test --release --locked --all-features -p tidegate --test embedded_kill -- --nocapture
LOAD_COUNT=20000 cargo test --release --locked --all-features -p orders --test e2e -- --nocapture load
LOAD_COUNT=20000 cargo test --release --locked --all-features -p orders --test e2e_kafka -- --nocapture load

#!/usr/bin/env bash
# Prints the benchmark table and writes target/bench/summary.json. ONLY=G7,G8-p50 runs these rows alone.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo bench --locked -p orders --bench summary

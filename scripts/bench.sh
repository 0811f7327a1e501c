#!/usr/bin/env bash
# Prints the benchmark tables and writes target/bench/summary.json. ONLY=G7,G1 runs these rows alone; BACKLOG=1000000 is
# what the row of the memory has waiting, in records (10 million).
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/features.sh
bench() { cargo bench --locked --workspace --features "$features" --bench "$1"; }
bench summary
bench kafka

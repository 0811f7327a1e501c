#!/usr/bin/env bash
# Worlds of the simulator: SEEDS=n runs so many (10,000), FROM=n begins there, SEED=n runs one and tells its story.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/features.sh
cargo test --release --locked --workspace --features "$features" --test sim -- --nocapture every_world

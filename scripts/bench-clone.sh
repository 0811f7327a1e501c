#!/usr/bin/env bash
# From nothing to the first processed order: clones this repository, builds the program in release mode with an empty
# target folder, starts it, and waits until one order went all the way. Prints the seconds that this took.
# What is not committed is not measured. Crates that cargo has downloaded before are not downloaded again.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
folder=$(mktemp -d "${TMPDIR:-/tmp}/bench-clone.XXXXXX")
up=
finish() {
    if [ -n "$up" ]; then kill -KILL "$up" 2>/dev/null || true; fi
    rm -rf "$folder"
}
trap finish EXIT
unset CARGO_TARGET_DIR CARGO_BUILD_TARGET_DIR

started=$(date +%s%N)
git clone --quiet "$root" "$folder/clone"
cd "$folder/clone"
cargo build --quiet --release --locked -p orders >&2
export HTTP_PORT=${BENCH_CLONE_PORT:-29090} DATA_DIR=$folder/data
target/release/orders up >"$folder/log" 2>&1 &
up=$!

deadline=$((SECONDS + 60))
until target/release/orders load --count 1 >"$folder/load" 2>&1; do
    if ! kill -0 "$up" 2>/dev/null || [ "$SECONDS" -gt "$deadline" ]; then
        cat "$folder/log" "$folder/load" >&2
        exit 1
    fi
    sleep 0.1
done
ended=$(date +%s%N)
awk -v ns="$((ended - started))" 'BEGIN { printf "%.1f\n", ns / 1e9 }'

#!/usr/bin/env bash
# Formatting and clippy over everything, examples and tests too. Warnings are errors.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/features.sh
cargo fmt --all --check
cargo clippy --release --locked --workspace --all-targets --features "$features" -- -D warnings

#!/usr/bin/env bash
# The API documentation. A broken link or a missing page is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/features.sh
RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --features "$features" --no-deps

#!/usr/bin/env bash
# The API documentation. A broken link or a missing page is an error.
set -euo pipefail
cd "$(dirname "$0")/.."
RUSTDOCFLAGS="-D warnings" cargo doc --release --locked --workspace --all-features --no-deps

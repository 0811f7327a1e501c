#!/usr/bin/env bash
# Each feature of the framework compiles alone, and so does none of them. Generates no code. `tls` is not among them: it
# builds OpenSSL, and scripts/tls.sh builds it and tests it.
set -euo pipefail
cd "$(dirname "$0")/.."
features=$(awk '/^\[/ { inside = ($0 == "[features]") } inside && /^[a-z]+ = / && $1 !~ /^(default|tls)$/ { print $1 }' \
    crates/tidegate/Cargo.toml)

printf 'none\n'
cargo check --release --locked --quiet -p tidegate --no-default-features
for feature in $features; do
    printf '%s\n' "$feature"
    cargo check --release --locked --quiet -p tidegate --no-default-features --features "$feature"
done

# A user's crate with an sqlx of its own. It begins with our lock, so that what both have is compiled once.
printf 'beside an sqlx with its default features\n'
beside=crates/tidegate/tests/beside
cp Cargo.lock "$beside/Cargo.lock"
cargo check --release --quiet --manifest-path "$beside/Cargo.toml" --target-dir "${CARGO_TARGET_DIR:-target}"

#!/usr/bin/env bash
# TLS and SASL: builds OpenSSL into the framework, which takes minutes, and puts it to a broker that asks for them: the library,
# the services of orders, and the operator's tool.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/kafka fetch
mkdir -p target/test
packages=(-p tidegate -p orders -p tidegate-cli)
features=testing,tls
# The tests that only this build has are looked at here; all others, and what they share, by scripts/lint.sh.
cargo clippy --release --locked "${packages[@]}" --features "$features" \
    --test secured_kafka --test e2e_kafka --test on_kafka -- -D warnings
run() { cargo test --release --locked "${packages[@]}" --features "$features" "$@"; }
{
    run --test secured_kafka "$@"
    run --test e2e_kafka --test on_kafka -- tls::
} 2>&1 | tee target/test/tls.txt

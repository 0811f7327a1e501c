#!/usr/bin/env bash
# TLS and SASL: builds OpenSSL into the framework, which takes minutes, and puts it to a broker that asks for them.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/kafka fetch
cargo test --release --locked -p tidegate --features testing,tls --test secured_kafka "$@"

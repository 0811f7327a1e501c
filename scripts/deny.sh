#!/usr/bin/env bash
# What may come in, from where, under which licence: deny.toml. Installs cargo-deny into target/tools the first time.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2
tool=target/tools/bin/cargo-deny
if ! [ -x "$tool" ] || [ "$("$tool" --version)" != "cargo-deny $version" ]; then
    # Unoptimised: it runs for a second, and compiles in half the time.
    cargo install --quiet --debug --locked --no-default-features --root target/tools \
        --target-dir target/tools/build cargo-deny --version "$version"
fi
"$tool" --workspace --all-features check bans licenses sources

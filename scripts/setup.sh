#!/usr/bin/env bash
# From a fresh machine to running servers with topics: checks the tools, starts Kafka, PostgreSQL and Redis, creates the
# topics. Safe to run again.
#
#   scripts/setup.sh            all of it
#   scripts/setup.sh --tools    the tools, and nothing else
#   scripts/setup.sh --check    only says whether the tools are there
#
# What is missing is installed where this is Debian and root (but Rust, which is never installed by itself); otherwise one
# line names each thing that is missing, and the script ends with 1.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/servers.sh

mode=${1:-}
case $mode in '' | --tools | --check) ;; *) printf 'usage: %s [--tools | --check]\n' "$0" >&2; exit 2 ;; esac
missing=0

lacks() { printf 'missing: %s\n' "$*" >&2; missing=$((missing + 1)); }

# tool WHAT PACKAGES TEST...: installs Debian packages when the test fails and it may; else says what is missing.
tool() {
    local what=$1 packages=$2
    shift 2
    if "$@" >/dev/null 2>&1; then printf 'found    %s\n' "$what"; return; fi
    if [ "$mode" != --check ] && may_install; then install_once "$what" "$packages" "$@" || true; fi
    "$@" >/dev/null 2>&1 || lacks "$what (on Debian: apt-get install $packages)"
}

# at_least NEEDED FOUND: versions, part by part.
at_least() { [ -n "$2" ] && [ "$(printf '%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

rust() {
    local wanted found
    wanted=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)
    found=$(cargo --version 2>/dev/null | cut -d ' ' -f 2) || true
    if at_least "$wanted" "$found"; then
        printf 'found    Rust %s\n' "$found"
    else
        lacks "Rust $wanted or newer, found ${found:-none} (install or update it with https://rustup.rs)"
    fi
}

java_17() { at_least 17 "$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p')"; }

tools() {
    rust
    tool 'a C compiler' 'gcc g++ libc6-dev' c++ --version
    tool make make make --version
    tool perl perl perl --version
    tool curl curl curl --version
    tool jq jq jq --version
    tool ps procps command -v ps
    tool 'Java 17 or newer' default-jre-headless java_17
    tool Maven maven mvn --version
    if [ $missing != 0 ]; then exit 1; fi
}

tools
if [ -n "$mode" ]; then exit; fi
scripts/infra.sh up
make topics
cat <<'NEXT'

All is ready. In four terminals:  make gateway | make consumer | make producer | make replay
Then try it:                      make test-services
At the end:                       make infra-down
NEXT

#!/usr/bin/env bash
# The tests that need only cargo: the framework, and the order platform on the embedded log. No server starts, and no tool
# is asked for (test-orders.sh and test-replay.sh have their tests in scripts/test.sh).
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/tests.sh
mkdir -p target/test
rm -f target/test/embedded.txt

tests=(cargo test --release --locked --no-fail-fast)
status=0
counted embedded "${tests[@]}" -p tidegate --features testing,sqlite || status=$?
counted embedded "${tests[@]}" -p orders --lib --bins --test environment || status=$?
counted embedded "${tests[@]}" -p orders --test e2e -- --skip scripts:: || status=$?
sum embedded "$status"
exit "$status"

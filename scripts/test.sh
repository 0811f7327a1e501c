#!/usr/bin/env bash
# Runs every test of the workspace, in the profile of the program, and prints `N passed, N failed` at the end.
# The one ignored test is a child process: another test starts it, and kills it.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/tests.sh
mkdir -p target/test
rm -f target/test/output.txt

counted output cargo test --release --locked --workspace --all-features --no-fail-fast "$@"
status=$?
sum output "$status"
exit "$status"

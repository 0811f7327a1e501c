#!/usr/bin/env bash
# Runs tests in the profile of the program, and prints `N passed, N failed` at the end.
#
#   scripts/test.sh [ARGS...]              every test; fetches Kafka, and installs the other servers, before them
#   scripts/test.sh --embedded [ARGS...]   what needs only cargo: no server is fetched or started
#
# ARGS go to cargo. The ignored tests are child processes: other tests start them, and kill them.
#
# A test that needs a server is in a binary whose name ends in _kafka, _postgres, _redis or _prometheus, or in a module whose
# name ends in postgres or redis; orders/tests/environment/servers.rs looks after that.
set -uo pipefail
cd "$(dirname "$0")/.."
. scripts/lib/features.sh
mkdir -p target/test
log=target/test/output.txt

run() { cargo test --release --locked --workspace --features "$features" --no-fail-fast "$@" 2>&1; }

everything() {
    local server missing=0
    scripts/setup.sh --tools 2>&1 || return 1
    for server in kafka kcat postgres redis prometheus; do "scripts/$server" fetch 2>&1 || missing=1; done
    [ $missing = 0 ] && run "$@"
}

# The names of all test binaries but those that need a server.
embedded_binaries() {
    local path
    for path in crates/*/tests/*.rs crates/*/tests/*/main.rs orders/tests/*.rs orders/tests/*/main.rs; do
        if [ -e "$path" ] && [[ $path != crates/test-servers/* ]]; then
            path=${path%/main.rs}
            basename "${path%.rs}"
        fi
    done | grep -vE '_(kafka|postgres|redis|prometheus)$'
}

embedded() {
    local name status=0
    local binaries=()
    for name in $(embedded_binaries); do binaries+=(--test "$name"); done
    run --exclude test-servers --lib --bins --examples "${binaries[@]}" "$@" -- --skip postgres:: --skip redis:: --skip scripts:: ||
        status=$?
    run --exclude test-servers --doc "$@" || status=$?
    return $status
}

case ${1:-} in
    --embedded) shift && embedded "$@" ;;
    *) everything "$@" ;;
esac | tee "$log"
status=${PIPESTATUS[0]}

awk -v status="$status" '
    /^test result:/ { for (i = 1; i <= NF; i++) { if ($i == "passed;") p += $(i-1); if ($i == "failed;") f += $(i-1) } }
    END { if (status != 0 && f == 0) f = 1; printf "%d passed, %d failed\n", p, f }
' "$log" | tee target/test/summary.txt
exit "$status"

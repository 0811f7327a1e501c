#!/usr/bin/env bash
# Every test that docs/guarantees.md, docs/regressions.md, docs/client-traps.md and the documentation of the code name must have
# passed in the last `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."
ran=target/test/output.txt
[ -e "$ran" ] || { echo "guarantees: $ran is missing: run make test first" >&2; exit 1; }

# Names of tests stand in backticks: in the last column of the table, and after `test`, `tests` or `Proven by` in the code.
named() {
    sed -n 's/^|.*|\([^|]*\)|$/\1/p' docs/guarantees.md docs/regressions.md docs/client-traps.md | grep -oE '`[a-z0-9_]+`'
    grep -rhoE '([Tt]ests?|Proven by|property) `[a-z0-9_]+`' --include='*.rs' crates/*/src orders/src | grep -oE '`[a-z0-9_]+`'
}
passed=$(sed -nE 's/^test (.*::)?([a-z0-9_]+) \.\.\. ok$/\2/p' "$ran" | sort -u)
names=$(named | tr -d '`' | sort -u)
missing=$(comm -23 <(echo "$names") <(echo "$passed"))
if [ -n "$missing" ]; then
    printf 'guarantees: named as a proof, and no test that passed:\n%s\n' "$missing" >&2
    exit 1
fi
printf 'guarantees: %d tests are named, and all of them passed\n' "$(echo "$names" | wc -l)"

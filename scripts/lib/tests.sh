# shellcheck shell=bash
# What the scripts that run tests share.

# counted NAME COMMAND...: runs it, adds what it prints to target/test/NAME.txt, and is as successful as it was.
counted() {
    local log=target/test/$1.txt
    shift
    "$@" 2>&1 | tee -a "$log"
    return "${PIPESTATUS[0]}"
}

# sum NAME STATUS: `N passed, N failed`, also in target/test/summary.txt. A run that failed without a failed test counts.
sum() {
    awk -v status="$2" '
        /^test result:/ { for (i = 1; i <= NF; i++) { if ($i == "passed;") p += $(i-1); if ($i == "failed;") f += $(i-1) } }
        END { if (status != 0 && f == 0) f = 1; printf "%d passed, %d failed\n", p, f }
    ' "target/test/$1.txt" | tee target/test/summary.txt
}

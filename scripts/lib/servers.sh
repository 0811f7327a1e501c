# shellcheck shell=bash
# What scripts/kafka, scripts/postgres and scripts/redis share: words, installing, waiting, and ending by process id.

# Standard output carries the address alone; everything for people goes to standard error.
say() { printf '%s\n' "$*" >&2; }
fail() { say "scripts/$server: $*"; exit 1; }

# need WHAT PACKAGES TEST...: installs Debian packages when the test fails and this is root; else says what is missing.
need() {
    local what=$1 packages=$2
    shift 2
    if "$@" >/dev/null 2>&1; then return; fi
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        say "installing $what ($packages)"
        # shellcheck disable=SC2086 # several packages
        { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages; } \
            >&2 || fail "$what is missing, and could not be installed: apt-get said why"
    fi
    "$@" >/dev/null 2>&1 || fail "$what is missing: install it (on Debian: apt-get install $packages)"
}

# alive PIDFILE MARK: whether that process runs, and is ours: a process id is used again, MARK is in our command line.
alive() {
    local pid line
    pid=$(cat "$1" 2>/dev/null) && line=$(ps -ww -o args= -p "$pid" 2>/dev/null) && [[ $line == *"$2"* ]]
}

# gone PID MARK: whether that process holds nothing any more: neither ports nor files. A process that is being ended
# loses its command line (ps puts its name in brackets) before it lets go of its files, thread by thread.
gone() {
    local line threads state
    line=$(ps -ww -o nlwp=,stat=,args= -p "$1" 2>/dev/null) || return 0
    read -r threads state line <<<"$line"
    if [[ $state == Z* ]]; then [ "$threads" -le 1 ]; else [[ $line != *"$2"* && $line != \[* ]]; fi
}

# until_true SECONDS COMMAND...: asks again and again; false when the time is over.
until_true() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
        sleep 0.05
    done
}

# end PIDFILE MARK [SIGNAL]: asks the process to end (TERM), and kills it when it has not within 20 s; then it is gone.
end() {
    local pid
    if pid=$(cat "$1" 2>/dev/null); then
        if alive "$1" "$2"; then kill "-${3:-TERM}" "$pid" 2>/dev/null || true; fi
        if ! until_true 20 gone "$pid" "$2"; then
            kill -KILL "$pid" 2>/dev/null || true
            until_true 20 gone "$pid" "$2" || fail "process $pid does not end"
        fi
        rm -f "$1"
    fi
}

# locked: one caller at a time works on the data folder; waits for the others. The servers must not inherit it: 9>&-.
locked() {
    exec 9>"$1"
    flock 9
}

# until_input_ends: for --attached. Waits for the end of standard input, which comes when the caller ends, however it ends.
until_input_ends() {
    trap 'exit 0' INT TERM HUP
    while IFS= read -r _; do :; done
}

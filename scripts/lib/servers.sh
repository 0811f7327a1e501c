# shellcheck shell=bash
# What scripts/kafka, scripts/postgres, scripts/redis and scripts/prometheus share: words, installing, waiting, and ending by
# process id.

# Standard output carries the address alone; everything for people goes to standard error.
say() { printf '%s\n' "$*" >&2; }
fail() { say "scripts/$server: $*"; exit 1; }

# need WHAT PACKAGES TEST...: installs Debian packages when the test fails and this is root; else says what is missing.
need() {
    local what=$1 packages=$2
    shift 2
    if "$@" >/dev/null 2>&1; then return; fi
    if may_install; then
        install_once "$what" "$packages" "$@" || fail "$what is missing, and could not be installed: apt-get said why"
    fi
    "$@" >/dev/null 2>&1 || fail "$what is missing: install it (on Debian: apt-get install $packages)"
}

# Small images have no ps. It says whether a process is ours, before that is ended.
need_ps() { need ps procps command -v ps; }

may_install() { [ "${EUID:-1}" = 0 ] && command -v apt-get >/dev/null; }

# install_once WHAT PACKAGES TEST...: one caller at a time; nothing when another caller has done it meanwhile.
install_once() (
    locked "${TMPDIR:-/tmp}/tidegate-install.lock"
    if "${@:3}" >/dev/null 2>&1; then exit; fi
    say "installing $1 ($2)"
    no_services
    install_packages "$2" 9>&-
)

# What Debian's packages ask whether they may start a service.
policy=/usr/sbin/policy-rc.d

# Until this shell ends, no package starts a service of its own, on the port that ours is to have.
no_services() {
    if [ -e "$policy" ]; then return; fi
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod +x "$policy"
}

# What apt-get writes is of interest only when it fails.
install_packages() {
    local words
    # shellcheck disable=SC2086 # several packages
    if ! words=$({ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq \
        --no-install-recommends $1; } 2>&1); then
        say "$words"
        return 1
    fi
}

# alive PIDFILE MARK: whether that process runs, and is ours: a process id is used again, MARK is in our command line.
alive() {
    local pid line
    pid=$(cat "$1" 2>/dev/null) && line=$(ps -ww -o args= -p "$pid" 2>/dev/null) && [[ $line == *"$2"* ]]
}

# gone PID [MARK]: whether that process holds nothing any more: neither ports nor files. A process that is being ended
# loses its command line (ps puts its name in brackets) before it lets go of its files, thread by thread.
gone() {
    local line threads state
    line=$(ps -ww -o nlwp=,stat=,args= -p "$1" 2>/dev/null) || return 0
    read -r threads state line <<<"$line"
    if [[ $state == Z* ]]; then [ "$threads" -le 1 ]; else [[ -n ${2:-} && $line != *"$2"* && $line != \[* ]]; fi
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

# children PID: the processes that it has started.
children() { ps -o pid= --ppid "$1" || true; }

# stands PID: whether it is in the state that SIGSTOP leaves it in.
stands() { [[ $(ps -o stat= -p "$1") == T* ]]; }

# freeze PIDFILE MARK: stops the process where it is, and its children, which answer for it.
freeze() {
    local pid child
    alive "$1" "$2" || fail "it does not run"
    pid=$(cat "$1")
    kill -STOP "$pid"
    # Until it stands it may start one more.
    until_true 20 stands "$pid" || fail "process $pid does not stop"
    for child in $(children "$pid"); do
        # One may have ended by itself.
        kill -STOP "$child" 2>/dev/null || true
    done
}

# thaw PIDFILE: all of them go on.
thaw() {
    local pid
    pid=$(cat "$1")
    # shellcheck disable=SC2046 # several numbers, or none
    kill -CONT "$pid" $(children "$pid")
}

# end PIDFILE MARK SIGNAL: asks the process to end, and kills it when it has not within 20 s; then it is gone. KILL
# means its children too, which would go on for a moment otherwise.
end() {
    local pid child children=''
    if pid=$(cat "$1" 2>/dev/null); then
        if [ "$3" = KILL ]; then children=$(children "$pid"); fi
        # shellcheck disable=SC2086 # several numbers
        if alive "$1" "$2"; then kill "-$3" "$pid" $children 2>/dev/null || true; fi
        if ! until_true 20 gone "$pid" "$2"; then
            kill -KILL "$pid" 2>/dev/null || true
            until_true 20 gone "$pid" "$2" || fail "process $pid does not end"
        fi
        for child in $children; do until_true 20 gone "$child" || fail "process $child does not end"; done
        rm -f "$1"
    fi
}

# free ADDRESS: fails when somebody listens there.
free() {
    if (exec 3<>"/dev/tcp/${1%:*}/${1#*:}") 2>/dev/null; then
        fail "$1 is taken by another program: end it, or start this one elsewhere: scripts/$server start --port ..."
    fi
}

# Marks a folder as ours, and keeps two callers apart.
lock=.tidegate-lock

# own_folder: the folder $data, which is made, is empty, or is ours: what is in there will be removed one day.
own_folder() {
    mkdir -p "$data" || fail "$data cannot be made: name a folder that can, with --data"
    if [ ! -e "$data/$lock" ] && [ -n "$(ls -A "$data")" ]; then
        fail "$data has files of others in it: name an empty folder with --data"
    fi
    locked "$data/$lock"
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

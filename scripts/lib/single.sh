# shellcheck shell=bash disable=SC2154 # the script that reads this has set: server, port, gentle
# What scripts/postgres, scripts/redis and scripts/prometheus share: a server of one process, with its data in one folder.
#
# The script defines what differs:
#   fetch           installs what is missing
#   create          makes the data for a new server, in $data, on $port
#   launch PIDFILE  starts the process in the background; it writes its id into the file, and $mark is in its command line
#   answers         whether it answers on $port
#   url             what a client is given
#   database        makes an empty database in it, where there is such a thing
#   own_option NAME VALUE   takes an option that only this server has; fails when it is none

data=${TMPDIR:-/tmp}/tidegate-$server-$(id -u)
keep='' attached='' new=''

options() {
    while [ $# -gt 0 ]; do
        case $1 in
            --data) [ $# -ge 2 ] || fail "$1 wants a value"; data=$2; shift ;;
            --port)
                [ $# -ge 2 ] && [[ $2 =~ ^[0-9]{1,5}$ ]] && [ "$2" -ge 1 ] && [ "$2" -le 65535 ] ||
                    fail "--port wants a number from 1 to 65535"
                port=$2 new=$1
                shift
                ;;
            --keep) keep=yes ;;
            --attached) attached=yes ;;
            *)
                [ "$(type -t own_option)" = function ] && own_option "$1" "${2:-}" ||
                    fail "unknown option $1; the head of this file lists them"
                shift
                ;;
        esac
        shift
    done
    case $data in /*) ;; *) data=$PWD/$data ;; esac
    mark=$data/$server
    if [ -z "$new" ] && [ -e "$data/port" ]; then port=$(cat "$data/port"); fi
}

ready_or_dead() { answers || ! alive "$data/pid" "$mark"; }

start() {
    fetch
    own_folder
    # Before the data is made: it would keep the port.
    if ! alive "$data/pid" "$mark"; then free "127.0.0.1:$port"; fi
    if [ ! -e "$data/port" ]; then
        rm -rf "$mark"
        create >"$data/output" 2>&1 9>&- || { tail -n 20 "$data/output" >&2; fail "its data could not be made: see above"; }
        printf '%s\n' "$port" >"$data/port"
    elif [ -n "$new" ]; then
        fail "$data has one already: leave out $new, or remove it first with: scripts/$server stop --data $data"
    fi
    if ! alive "$data/pid" "$mark"; then
        rm -f "$data/pid"
        launch "$data/pid" </dev/null >>"$data/output" 2>&1 9>&- &
        disown
        until_true 10 alive "$data/pid" "$mark" || true
    fi
    if ! until_true 60 ready_or_dead || ! alive "$data/pid" "$mark"; then
        tail -n 20 "$data/output" >&2
        fail "it did not come up on 127.0.0.1:$port: its last lines are above"
    fi
    exec 9>&-
    url
}

# stop SIGNAL
stop() {
    if [ ! -e "$data/$lock" ]; then return; fi
    locked "$data/$lock"
    end "$data/pid" "$mark" "$1"
    if [ -z "$keep" ]; then rm -rf "$data"; fi
    exec 9>&-
}

status() {
    if ! answers; then printf '127.0.0.1:%s does not answer\n' "$port"; exit 1; fi
    printf '%s answers (process %s)\n' "$(url)" "$(cat "$data/pid")"
}

attached() {
    # The caller may end while the server starts.
    trap 'keep=; stop KILL' EXIT
    start
    until_input_ends
}

main() {
    local command=${1:-}
    [ $# = 0 ] || shift
    options "$@"
    case $command in
        start) if [ -n "$attached" ]; then attached; else start; fi ;;
        stop) stop "$gentle" ;;
        kill) keep=yes; stop KILL ;;
        freeze) freeze "$data/pid" "$mark" ;;
        thaw) thaw "$data/pid" ;;
        status) status ;;
        fetch) fetch ;;
        database) if [ "$(type -t database)" = function ]; then database; else fail "it has no databases"; fi ;;
        *) fail "say start, stop, kill, freeze, thaw, status or fetch; the head of this file explains them" ;;
    esac
}

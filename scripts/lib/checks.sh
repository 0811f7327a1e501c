# shellcheck shell=bash
# What scripts/test-orders.sh and scripts/test-replay.sh share: asking services, and saying what was found.
#
#   ask POST "$producer/api/v1/orders" -H 'content-type: application/json' -d '{...}'
#   expect 'an order is accepted' 202 '.data.order_id | type == "string"'
#
# Each check prints one line; `conclude` prints the sum and ends with 1 when one failed. Nothing there to ask, or a tool
# that is missing, ends the script with 2.

host=${HTTP_HOST:-127.0.0.1}
port=${HTTP_PORT:-8090}
case $host in *:*) host="[$host]" ;; esac
# shellcheck disable=SC2034 # for the scripts that read this file
producer=http://$host:$port consumer=http://$host:$((port + 1)) replay=http://$host:$((port + 2))
gateway=http://$host:$((port + 3))
# How long an order may take to its final state, in seconds.
patience=${PATIENCE:-60}
passed=0 failed=0 status='' body='' headers=''

cannot() { printf '%s: %s\n' "$0" "$*" >&2; exit 2; }

for tool in curl jq; do
    command -v "$tool" >/dev/null || cannot "$tool is missing: install it (on Debian: apt-get install $tool)"
done
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# ask METHOD URL [CURL OPTIONS]: sets status, body and headers.
ask() {
    local method=$1 url=$2
    shift 2
    status=$(curl --silent --show-error --noproxy '*' --max-time 30 --request "$method" --dump-header "$scratch/headers" \
        --output "$scratch/body" --write-out '%{http_code}' "$@" "$url") ||
        cannot "nobody answers at $url: start the services (make up), or set HTTP_HOST and HTTP_PORT"
    body=$(<"$scratch/body")
    headers=$(tr -d '\r' <"$scratch/headers")
}

# send METHOD URL JSON [CURL OPTIONS]
send() { ask "$1" "$2" --header 'content-type: application/json' --data-binary "$3" "${@:4}"; }

# holds [JQ OPTIONS] FILTER: of the last body.
holds() { jq --exit-status "$@" <<<"$body" >/dev/null 2>&1; }

# field FILTER: of the last body, as text.
field() { jq --raw-output "$1" <<<"$body"; }

# header NAME: of the last answer.
header() { sed -n "s/^$1: //Ip" <<<"$headers"; }

ok() { passed=$((passed + 1)) && printf 'ok      %s\n' "$1"; }
wrong() { failed=$((failed + 1)) && printf 'FAILED  %s: %s\n' "$1" "$2"; }

# expect WHAT STATUS [JQ OPTIONS] [FILTER]: the last answer has this status, and its body is as the filter says.
expect() {
    local what=$1 wanted=$2
    shift 2
    if [ "$status" != "$wanted" ]; then
        wrong "$what" "status $status instead of $wanted: ${body:0:500}"
    elif [ $# -gt 0 ] && ! holds "$@"; then
        wrong "$what" "${!#} does not hold: ${body:0:500}"
    else
        ok "$what"
    fi
}

# same WHAT WANTED GOT
same() { if [ "$2" = "$3" ]; then ok "$1"; else wrong "$1" "got '$3' instead of '$2'"; fi; }

# becomes WHAT URL [JQ OPTIONS] FILTER: asks until the filter holds.
becomes() {
    local what=$1 url=$2 deadline=$((SECONDS + patience))
    shift 2
    while ask GET "$url"; ! holds "$@"; do
        if [ "$SECONDS" -ge "$deadline" ]; then
            wrong "$what" "not within $patience s; at last: ${body:0:500}"
            return
        fi
        sleep 0.1
    done
    ok "$what"
}

# performed: how many charges the gateway has performed so far.
performed() { ask GET "$gateway/api/v1/effects/stats" && field .data.performed; }

# charges ORDER FROM: how often it was charged, among the charges after the first FROM.
charges() {
    local cursor=$2 count=0
    while [ "$cursor" != null ]; do
        ask GET "$gateway/api/v1/effects?cursor=$cursor"
        count=$((count + $(jq --arg id "$1" '[.data.effects[] | select(.order_id == $id)] | length' <<<"$body")))
        cursor=$(field .data.next_cursor)
    done
    printf '%s' "$count"
}

conclude() {
    printf '%d checks passed, %d failed\n' "$passed" "$failed"
    [ "$failed" = 0 ]
}

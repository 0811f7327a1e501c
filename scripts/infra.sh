#!/usr/bin/env bash
# The servers that the processes stand on: Kafka, PostgreSQL and Redis, on 127.0.0.1.
#
#   scripts/infra.sh up       starts them, and prints their addresses once they answer
#   scripts/infra.sh down     ends them, and removes what they kept; in containers the services of compose.yaml end with
#                             them, and what those kept goes too: the gateway's ledger, Prometheus and Grafana
#   scripts/infra.sh status   prints which of them answer; exits with 1 when one does not
#
# In containers of compose.yaml when a Docker engine runs and compose.env is there (it has the passwords); otherwise as
# processes of this machine, which needs Java. INFRA=compose or INFRA=processes decides instead.
set -euo pipefail
cd "$(dirname "$0")/.."
servers=(kafka postgres redis)

say() { printf '%s\n' "$*" >&2; }
engine() { [ -f compose.env ] && command -v docker >/dev/null && docker info >/dev/null 2>&1; }

how=${INFRA:-$(if engine; then echo compose; else echo processes; fi)}
case $how in compose | processes) ;; *) say "INFRA: $how is neither compose nor processes"; exit 2 ;; esac

compose() { docker compose --env-file compose.env "$@"; }

# each COMMAND: of every server; goes on when one fails, and remembers it.
each() {
    local server failed=0
    for server in "${servers[@]}"; do
        printf '%-10s ' "$server"
        "scripts/$server" "$1" || failed=1
        if [ "$1" = stop ]; then echo 'is down'; fi
    done
    return $failed
}

# As the processes print them. The passwords are in compose.env, and stay there.
addresses() {
    cat <<'ADDRESSES'
kafka      127.0.0.1:9092
postgres   postgres://orders:POSTGRES_PASSWORD@127.0.0.1:5432/orders
redis      redis://:REDIS_PASSWORD@127.0.0.1:6379
ADDRESSES
    say "compose.env has the passwords to put in there"
}

case $how-${1:-} in
    compose-up) compose up --detach --wait "${servers[@]}" && addresses ;;
    compose-down) compose down --volumes ;;
    compose-status) compose ps "${servers[@]}" ;;
    processes-up) each start ;;
    processes-down) each stop ;;
    processes-status) each status ;;
    *) say "usage: $0 up | down | status"; exit 2 ;;
esac

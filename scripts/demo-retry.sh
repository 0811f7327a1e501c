#!/usr/bin/env bash
# One key of a hundred fails for seconds: the others keep their pace, and those that fail keep their order.
#
#   scripts/demo-retry.sh           both parts below, on a real Kafka of its own
#   scripts/demo-retry.sh rate      1. how many records of healthy keys a second, with failing keys beside them and without (row
#                                   G9 of `make bench`), and whether the failing ones ended in the order of the log
#   scripts/demo-retry.sh orders    2. the order platform: failing orders wait in orders_retry, and their cancellations behind them
#
# Prints a table of each. Exits with 1 when an order broke, or something was lost or done twice. A rate is no such thing: it
# stands in the table, with its floor and goal, and says something on a quiet machine alone.
# Needs cargo, Java 17, curl and jq. PATIENCE: seconds that an order may take (60).
set -euo pipefail
cd "$(dirname "$0")/.."
part=${1:-all}
case $part in all | rate | orders) ;; *) printf 'usage: %s [rate | orders]\n' "$0" >&2; exit 2 ;; esac

rate() {
    . scripts/lib/features.sh
    ONLY=G9 cargo bench --locked --workspace --features "$features" --bench kafka
}

# of CUSTOMER PRODUCT
of() { jq -cn --arg c "$1" --arg p "$2" '{customer_id: $c, product_id: $p, quantity: 1, price: 5}'; }

# sent WHAT METHOD PATH JSON: it must be accepted, or nothing can be shown.
sent() {
    send "$2" "$producer/api/v1/orders$3" "$4"
    if [ "$status" != 202 ]; then wrong "$1 is accepted" "status $status: ${body:0:500}"; conclude; exit 1; fi
}

# statuses ORDER: all that it has had, in order.
statuses() { ask GET "$producer/api/v1/orders/$1" && field '[.data.history[].status] | join(" ")'; }

# Of two hundred orders two fail three times; each of these is cancelled at once, which must wait for it.
post() {
    local n
    for n in 1 2; do
        sent "failing order $n" POST '' "$(of failing fail-transient-3)"
        failing+=("$(field .data.order_id)")
        sent "its cancellation" POST "/${failing[-1]}/cancel" '{"reason":"it takes so long"}'
    done
    for n in 1 2; do sent 'a batch' POST /batch "$(of healthy widget | jq -c '[range(99) as $n | .]')"; done
}

# Healthy orders end while failing ones wait.
judge_healthy() {
    becomes 'all 198 healthy orders are completed' "$producer/api/v1/orders?customer_id=healthy&limit=200" \
        '[.data.orders[] | .order.status == "completed"] | length == 198 and all'
    becomes 'nothing is behind' "$consumer/api/v1/metrics" '.data.total_lag == 0'
    printf '        waiting in the retry topic meanwhile: %s\n' "$(field '[.data.scheduled[].records] | add // 0')"
}

judge_failing() {
    local order
    printf '%-38s %-34s %s\n' 'failing order' 'its statuses' charges
    for order in "${failing[@]}"; do
        becomes "$order has ended" "$producer/api/v1/orders/$order" '.data.status == "cancelled"' >"$scratch/said"
        printf '%-38s %-34s %s\n' "$order" "$(statuses "$order")" "$(charges "$order" 0)"
    done
    for order in "${failing[@]}"; do
        same "$order: completed first, cancelled then" 'pending completed cancelled' "$(statuses "$order")"
        same "$order: charged once" 1 "$(charges "$order" 0)"
    done
    same 'charges in all, one for each order' 200 "$(performed)"
    ask GET "$consumer/api/v1/metrics"
    expect 'no record is lost' 200 '[.data.ledger[].holes] | add == 0'
}

up='' kafka='' failing=()

# The platform, its broker, and what they kept.
finish() {
    if [ -n "$up" ]; then kill "$up" 2>/dev/null && wait "$up" || true; fi
    if [ -n "$kafka" ]; then scripts/kafka stop --data "$kafka" >&2; fi
    rm -rf "$scratch"
}

orders() {
    cargo build --release --locked -p orders
    export HTTP_PORT=${HTTP_PORT:-28090}
    . scripts/lib/checks.sh
    trap finish EXIT
    kafka=$scratch/kafka
    scripts/kafka start --data "$kafka" --port $((HTTP_PORT + 10))
    KAFKA_BROKERS=127.0.0.1:$((HTTP_PORT + 10)) DATA_DIR=$scratch/data RETRY_MAX_ATTEMPTS=5 RETRY_INITIAL_INTERVAL=1s \
        RETRY_MAX_INTERVAL=8s "${CARGO_TARGET_DIR:-target}/release/orders" up >"$scratch/up" 2>"$scratch/log" &
    up=$!
    if ! until_up; then tail -n 20 "$scratch/log" >&2; cannot 'the order platform did not come up'; fi
    post
    judge_healthy
    judge_failing
    conclude
}

until_up() {
    local deadline=$((SECONDS + patience))
    until grep -q 'orders is up' "$scratch/up"; do
        if ! kill -0 "$up" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then return 1; fi
        sleep 0.1
    done
}

if [ "$part" != orders ]; then rate; fi
if [ "$part" != rate ]; then orders; fi

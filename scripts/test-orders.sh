#!/usr/bin/env bash
# Asks running services for orders, and checks what they answer: producer, consumer and gateway at HTTP_HOST and
# HTTP_PORT (127.0.0.1 and 8090). It does not matter on which log they run, or in how many processes.
#
#   scripts/test-orders.sh        prints each check; exits with 1 when one failed, with 2 when there is nothing to ask
#
# Needs bash, curl and jq. PATIENCE: seconds that an order may take (60).
set -euo pipefail
cd "$(dirname "$0")"
. lib/checks.sh

orders=$producer/api/v1/orders
# Customers of this run alone, so that it can run again on the same data.
customer=check-$$-$RANDOM

order() { jq -cn --arg c "$customer" --arg p "$1" '{customer_id: $c, product_id: $p, quantity: 2, price: 89.90}'; }

# place PRODUCT: sets id and event.
place() {
    send POST "$orders" "$(order "$1")"
    expect "an order for $1 is accepted" 202 '.success and (.data.order_id | length > 0) and (.data.event_id | length > 0)'
    id=$(field .data.order_id)
}

services() {
    local url
    for url in "$producer" "$consumer" "$gateway"; do
        ask GET "$url/health"
        expect "$url is alive" 200 .success
        becomes "$url is ready" "$url/ready" .success
    done
    ask GET "$consumer/api/v1/metrics"
    expect 'the consumer counts' 200 '(.data.total_lag | type == "number") and (.data.in_flight | type == "number")'
}

journey() {
    local before
    before=$(performed)
    place keyboard
    same 'its Location is where it can be seen' "/api/v1/orders/$id" "$(header location)"
    becomes 'it is completed' "$orders/$id" '.data.status == "completed"'
    expect 'the read model has all of it' 200 --arg c "$customer" \
        '.data.projected and .data.order.customer_id == $c and .data.order.quantity == 2 and .data.order.price == 89.9'
    expect 'its history ends there' 200 '.data.history[-1].status == "completed"'
    same 'it is charged once' 1 "$(charges "$id" "$before")"
    ask GET "$orders?customer_id=$customer&limit=200"
    expect 'the list has it' 200 --arg id "$id" '[.data.orders[] | .order.id] | index($id) != null'
}

exact_price() {
    send POST "$orders" '{"customer_id":"'"$customer"'","product_id":"cable","quantity":3,"price":"1000000.10"}'
    expect 'a price as text is accepted' 202
    becomes 'it keeps its cents' "$orders/$(field .data.order_id)" '.data.order.price == 1000000.10'
}

failures() {
    local before
    before=$(performed)
    place fail-transient-1
    becomes 'one failure is tried again' "$orders/$id" '.data.status == "completed"'
    same 'and charged once all the same' 1 "$(charges "$id" "$before")"
    place fail-permanent
    becomes 'a permanent failure ends failed' "$orders/$id" '.data.status == "failed"'
    expect 'its history says why' 200 '.data.history[-1].reason | contains("fail-permanent")'
}

cancelling() {
    place widget
    becomes 'it is completed' "$orders/$id" '.data.status == "completed"'
    send POST "$orders/$id/cancel" '{"reason":"changed my mind"}'
    expect 'cancelling it is accepted' 202
    becomes 'it is cancelled' "$orders/$id" '.data.status == "cancelled"'
    send POST "$orders/$id/cancel" '{"reason":"again"}'
    expect 'a second time is a conflict' 409 '.success == false'
    send POST "$orders/nobody/cancel" '{"reason":"x"}'
    expect 'an unknown order cannot be cancelled' 404 '.success == false'
}

batches() {
    local one bad
    one=$(order widget)
    bad=$(jq -c '.quantity = 0' <<<"$one")
    send POST "$orders/batch" "[$one,$bad,$one]"
    expect 'one bad order does not spoil a batch' 202 \
        '.data.processed == 2 and .data.failed == 1 and (.data.results | length == 2)'
    expect 'the batch names the bad one' 202 '.data.errors[0] | startswith("Order 2: quantity must be")'
    send POST "$orders/batch" '[]'
    expect 'an empty batch is refused' 400 '.success == false'
}

refusals() {
    local field
    for field in customer_id product_id quantity price; do
        send POST "$orders" "$(order widget | jq -c "del(.$field)")"
        expect "an order without $field is refused" 400 --arg f "$field" '[.data.errors[].field] | index($f) != null'
    done
    send POST "$orders" '{"customer_id"'
    expect 'what is not JSON is refused' 400 '.success == false'
    ask POST "$orders" --header 'content-type: text/plain' --data-binary "$(order widget)"
    expect 'another content type is refused' 415 '.success == false'
    head -c 1100000 /dev/zero | tr '\0' ' ' >"$scratch/big"
    ask POST "$orders" --header 'content-type: application/json' --header 'expect:' --data-binary "@$scratch/big"
    expect 'a body over 1 MiB is refused' 413 '.success == false'
    ask GET "$orders/nobody"
    expect 'an unknown order is not found' 404 '.success == false'
    ask GET "$orders?limit=0"
    expect 'a bad query names its field' 400 '.data.errors[0].field == "limit"'
}

correlation() {
    ask GET "$producer/health" --header 'x-correlation-id: check-4711'
    expect 'the envelope has the correlation id' 200 '.correlation_id == "check-4711"'
    same 'and so has the header' check-4711 "$(header x-correlation-id)"
}

services
journey
exact_price
failures
cancelling
batches
refusals
correlation
conclude

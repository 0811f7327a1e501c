#!/usr/bin/env bash
# Makes orders fail, and checks what the replay service does with their dead letters. Asks producer, consumer, replay
# and gateway at HTTP_HOST and HTTP_PORT (127.0.0.1 and 8090).
#
#   scripts/test-replay.sh            prints each check; exits with 1 when one failed, with 2 when there is nothing to ask
#   scripts/test-replay.sh --clear    deletes ALL dead letters at the end, its own and others
#
# Needs bash, curl and jq. PATIENCE: seconds that an order may take (60).
set -euo pipefail
cd "$(dirname "$0")"
. lib/checks.sh

case ${1:-} in '' | --clear) clear=${1:-} ;; *) cannot "unknown option $1; there is only --clear" ;; esac
dlq=$replay/api/v1/dlq
# The one letter of this run's order.
letter='.data.messages[0]'

# fail PRODUCT: an order that ends in a dead letter; sets id and event.
fail() {
    send POST "$producer/api/v1/orders" '{"customer_id":"check","product_id":"'"$1"'","quantity":1,"price":5}'
    expect "an order for $1 is accepted" 202
    id=$(field .data.order_id) event=$(field .data.event_id)
    becomes 'it fails' "$producer/api/v1/orders/$id" '.data.status == "failed"'
    becomes 'its dead letter is found by its event id' "$dlq/messages?q=$event" "$letter.status == \"dead\""
}

# again [MEMBERS]: replays the event.
again() { send POST "$replay/api/v1/replay" "{\"event_ids\":[\"$event\"]${1:-}}"; }

services() {
    ask GET "$replay/health"
    expect 'the replay service is alive' 200 .success
    becomes 'the replay service is ready' "$replay/ready" .success
    ask GET "$dlq/messages"
    expect 'it lists ten letters unless told' 200 '.data.limit == 10 and .data.offset == 0 and (.data.messages | length <= 10)'
}

story() {
    fail fail-always
    expect 'the letter has the event as it was' 200 --arg id "$id" \
        ".data.count == 1 and $letter.original_event.event_type == \"order.created\" and $letter.original_event.aggregate_id == \$id"
    expect 'it has every attempt' 200 "[$letter.retry_history[].attempt_number] | length >= 1 and .[0] == 1"
    expect 'it says why' 200 "$letter.final_error | contains(\"fail-always\")"
    ask GET "$dlq/messages?q=$event&status=resolved"
    expect 'a filter leaves it out' 200 '.data.count == 0'
    ask GET "$dlq/stats"
    expect 'the statistics count it' 200 '.data.total_messages >= 1 and .data.event_types["order.created"] >= 1'
}

replaying() {
    local before
    before=$(performed)
    fail fail-until-replay
    again ',"dry_run":true'
    expect 'a dry run says what it would send' 200 --arg e "$event" '.data.replayed_event_ids == [$e]'
    ask GET "$dlq/messages?q=$event"
    expect 'and sends nothing' 200 "$letter.status == \"dead\""
    again
    expect 'a replay is acknowledged' 200 --arg e "$event" '.data.replayed_messages == 1 and .data.replayed_event_ids == [$e]'
    becomes 'the order is completed' "$producer/api/v1/orders/$id" '.data.status == "completed"'
    becomes 'the letter is resolved' "$dlq/messages?q=$event" "$letter.status == \"resolved\""
    again
    expect 'a second replay is skipped' 200 '.data.replayed_messages == 0 and .data.skipped_messages == 1'
    same 'it is charged once' 1 "$(charges "$id" "$before")"
    send POST "$replay/api/v1/replay/batch" "{\"event_ids\":[\"$event\"],\"dry_run\":true}"
    expect 'a batch skips it too' 200 '.data.replayed_messages == 0'
}

refusals() {
    local query
    for query in limit=x offset=-1 status=gone from=yesterday; do
        ask GET "$dlq/messages?$query"
        expect "$query is refused" 400 '.success == false'
    done
    send POST "$replay/api/v1/replay" '{"event_idz":[]}'
    expect 'an unknown field is refused' 400 '[.data.errors[].field] | index("event_idz") != null'
    ask DELETE "$dlq/clear"
    expect 'clearing needs a confirmation' 400 '.success == false'
}

clearing() {
    ask DELETE "$dlq/clear?confirm=true"
    expect 'clearing deletes the letters' 200 '.data.cleared_messages >= 2'
    ask GET "$dlq/messages"
    expect 'and none is left' 200 '.data.count == 0'
}

services
story
replaying
refusals
if [ -n "$clear" ]; then clearing; fi
conclude

# shellcheck shell=bash disable=SC2154,SC2086 # the script that reads this has set: data, nodes, port, secure, settings, jvm
# The settings of a new cluster, and the formatting of its data.

voters() {
    local n list=''
    for ((n = 1; n <= nodes; n++)); do list+=,$n@127.0.0.1:$((port + nodes + n - 1)); done
    printf '%s' "${list#,}"
}

open_listeners() {
    local client=127.0.0.1:$((port + $1 - 1)) controller=127.0.0.1:$((port + nodes + $1 - 1))
    cat <<PROPERTIES
listeners=INTERNAL://$client,CONTROLLER://$controller
advertised.listeners=INTERNAL://$client
listener.security.protocol.map=INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=INTERNAL
PROPERTIES
}

# properties NODE: small numbers of partitions and threads start faster; short times are what tests wait for.
properties() {
    local copies=$((nodes < 3 ? nodes : 3))
    local in_sync=$((copies < 3 ? 1 : 2))
    if [ -n "$secure" ]; then secure_listeners "$1"; else open_listeners "$1"; fi
    cat <<PROPERTIES
node.id=$1
process.roles=broker,controller
controller.quorum.voters=$(voters)
controller.listener.names=CONTROLLER
log.dirs=$data/node-$1/log

default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.num.partitions=1
offsets.topic.replication.factor=$copies
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync

group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
group.consumer.min.session.timeout.ms=3000
group.consumer.session.timeout.ms=3000
group.consumer.min.heartbeat.interval.ms=500
group.consumer.heartbeat.interval.ms=500
broker.heartbeat.interval.ms=200
broker.session.timeout.ms=2000
transaction.abort.timed.out.transaction.cleanup.interval.ms=500

log.retention.ms=-1
log.retention.check.interval.ms=500
log.initial.task.delay.ms=500
log.cleaner.backoff.ms=200
log.cleaner.dedupe.buffer.size=8388608
log.segment.delete.delay.ms=1000
num.network.threads=2
num.io.threads=4
background.threads=2
$settings
PROPERTIES
}

# A new cluster: each node's folder, formatted. Formatting is a virtual machine's start, so all at once.
format() {
    local id n scram=()
    if [ -n "$secure" ]; then
        certificates
        mapfile -t scram < <(scram_users)
    fi
    # 16 bytes in letters and digits: one that began with - would be taken for an option.
    id=$(head -c 16 /dev/urandom | base64 | tr '+/' 'ab' | cut -c 1-22)
    for ((n = 1; n <= nodes; n++)); do
        mkdir -p "$data/node-$n"
        properties "$n" >"$data/node-$n/server.properties"
        java_run $jvm kafka.tools.StorageTool format --cluster-id "$id" \
            --config "$data/node-$n/server.properties" "${scram[@]}" >"$data/node-$n/format" 2>&1 9>&- &
        printf '%s' $! >"$data/node-$n/format.pid"
    done
    for ((n = 1; n <= nodes; n++)); do
        wait "$(cat "$data/node-$n/format.pid")" ||
            fail "node $n was refused its settings: $(grep -m 1 -E 'Exception|error' "$data/node-$n/format")"
    done
    touch "$data/formatted"
}

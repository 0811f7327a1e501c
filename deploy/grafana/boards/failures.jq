# What went wrong, and where it is now.
include "panels";

def group: "group=~\"$group\"";
def picked: "group=~\"$group\", topic=~\"$topic\"";
def events($kinds): "sum by (event) (increase(tidegate_events_total{\(group), event=~\"\($kinds)\"}[$__rate_interval]))";

dashboard("failures"; "Failures"; "Failed attempts, dead letters, outages, what is stuck, and the connections to the broker. Nothing on this page means that a record is lost, but ledger holes."; [
  {title: "Outcomes", panels: [
    (lines(8; "Failed attempts by class"; "transient, permanent, undecodable, outage, fatal, panic, timeout. A failure is tried again, dead-lettered, or waits for what is down."; "ops";
        [q("sum by (result) (rate(tidegate_attempts_total{\(group), \(failed)}[$__rate_interval]))"; "{{result}}")])
      | stacked | traces("Attempts that failed"; "consumer"; "error=true")),
    (lines(8; "Failed attempts by handler"; "Which handler it was."; "ops";
        [q("sum by (handler) (rate(tidegate_attempts_total{\(group), \(failed)}[$__rate_interval]))"; "{{handler}}")])
      | traces("Attempts that failed"; "consumer"; "error=true")),
    (lines(8; "Records finished"; "How records ended: handled, handled before, not for this service, dead-lettered."; "recps";
        [q("sum by (outcome) (rate(tidegate_records_settled_total{\(picked)}[$__rate_interval]))"; "{{outcome}}")]) | stacked)
  ]},
  {title: "Dead letters", panels: [
    (stat(4; "How many"; "Records in the dead-letter topics."; "short";
        [now("max by (topic) (tidegate_dead_letters)"; "{{topic}}")])
      | tall | .fieldConfig.defaults.thresholds.steps += [{color: "orange", value: 1}]),
    (stat(4; "The oldest"; "Age of the oldest dead letter; 0 when there is none."; "s";
        [now("max by (topic) (tidegate_dead_letters_oldest_age_seconds)"; "{{topic}}")])
      | tall | ticket("TidegateDeadLetterOld"; 86400)),
    (lines(8; "By class"; "Of the newest that were looked at, by the class of their last failure."; "short";
        [q("max by (topic, class) (tidegate_dead_letters_by_class)"; "{{topic}} {{class}}")]) | stacked),
    (lines(8; "Dead-lettered"; "Records that went to a dead-letter topic. They stay there until somebody replays or clears them."; "short";
        [q("sum by (group, topic) (increase(tidegate_records_settled_total{\(picked), outcome=\"dead\"}[10m]))"; "{{group}} {{topic}}, in 10 minutes")])
      | ticket("TidegateDeadLetters"; 1) | traces("Dead letters"; "consumer"; "tidegate.kept_for=dead_letter"))
  ]},
  {title: "What stands still", panels: [
    (lines(8; "Outages"; "Partitions that wait for what is down. No attempt is counted meanwhile."; "short";
        [q("sum by (group, instance) (tidegate_partitions_paused{\(group), reason=\"outage\"})"; "{{group}} {{instance}}")])
      | page("TidegateOutageLasts"; 1)),
    (lines(8; "Outages: events"; "Pauses and probes that failed, the alarm after 15 minutes, and the end."; "short";
        [q(events("outage_paused|outage_alarm|outage_over"); "{{event}}")]) | bars),
    (lines(8; "Checks that fail"; "What keeps services from being ready, by kind."; "short";
        [q("sum by (group, check) (tidegate_check_failing{\(group)})"; "{{group}} {{check}}")]) | stacked),
    (lines(8; "Stuck, silent, corrupt, lanes, loop"; "A partition without progress, one of which nothing comes, one whose next batch cannot be read, a handler that keeps its thread, a loop that turns late; and their ends."; "short";
        [q(events("partition_stuck|partition_moves|partition_silent|silence_over|corrupt_batch|corrupt_batch_over|lane_stuck|lane_free|loop_late|poll_exceeded"); "{{event}}")]) | bars),
    (lines(8; "Ownership and commits"; "Ownership that was not trusted for a time, commits that failed, owners that were fenced."; "short";
        [q(events("lease_expired|lease_renewed|commit_failed|own_failed|fenced"); "{{event}}")]) | bars),
    (lines(8; "Settling and the log"; "Settling that is tried again, handlers of dead letters that were given up, and a log that is not as it should be."; "short";
        [q(events("settle_stalled|dead_handler_given_up|redelivered|metadata_ignored|out_of_range"); "{{event}}")]) | bars)
  ]},
  {title: "Integrity", panels: [
    (stat(4; "Ledger holes"; "Delivered records that are nowhere. Anything but 0 is a defect of the framework."; "short";
        [now("max by (group, topic) (tidegate_ledger_holes{\(picked)})"; "{{group}} {{topic}}")])
      | tall | page("TidegateLedgerHole"; 1)),
    (stat(4; "Stores"; "Whether the stores of effects can be used."; "none";
        [now("min by (group, store) (tidegate_store_up{\(group)})"; "{{store}}")])
      | tall | page("TidegateStoreDown"; 1) | good("up"; "down")),
    (lines(8; "Publishing that failed"; "refused: certainly not in the log. unknown: it may be there. abandoned: nobody waited for the answer."; "recps";
        [q("sum by (topic, result) (rate(tidegate_published_total{result!=\"acked\"}[$__rate_interval]))"; "{{topic}} {{result}}")])
      | stacked),
    lines(8; "Charges"; "What the gateway was asked for, and what it did: a repeated request is performed once."; "ops";
        [q("sum by (kind) (rate(orders_charges_total[$__rate_interval]))"; "{{kind}}")])
  ]},
  {title: "At the edge", panels: [
    (lines(8; "Refused orders"; "Orders that were not taken, by reason. Who sent them was told. unavailable: certainly not in the log; unconfirmed: it may be."; "short";
        [q("sum by (reason) (increase(orders_refused_total[5m]))"; "{{reason}}, in 5 minutes")]) | stacked),
    (lines(16; "Answers from 400 on"; "By service, route and status."; "reqps";
        [q("sum by (service, method, route, status) (rate(http_server_request_duration_seconds_count{status=~\"[45]..\", route!~\"/health|/ready\"}[$__rate_interval]))"; "{{service}} {{method}} {{route}} {{status}}")])
      | traces("Requests that failed"; "producer"; "error=true"))
  ]},
  {title: "Broker", panels: [
    (lines(8; "Connections"; "Brokers that each client is connected to. Empty on the embedded log."; "short";
        [q("sum by (instance, client) (tidegate_client_broker_up)"; "{{instance}} {{client}}")])),
    lines(8; "Round trips"; "99th percentile of the time from a request to its answer, by broker."; "s";
        [q("max by (instance, client, broker) (tidegate_client_broker_rtt_seconds)"; "{{client}} {{broker}}")]),
    lines(8; "Waiting to be sent"; "Records in the clients' queues."; "short";
        [q("sum by (instance, client) (tidegate_client_queued_records)"; "{{instance}} {{client}}")]),
    lines(8; "Bytes waiting to be sent"; "Bytes of the records that wait in the clients' queues."; "bytes";
        [q("sum by (instance, client) (tidegate_client_queued_bytes)"; "{{instance}} {{client}}")]),
    lines(8; "Sent"; "Bytes from clients to brokers."; "Bps";
        [q("sum by (instance, client) (rate(tidegate_client_sent_bytes_total[$__rate_interval]))"; "{{instance}} {{client}}")]),
    lines(8; "Received"; "Bytes from brokers to clients."; "Bps";
        [q("sum by (instance, client) (rate(tidegate_client_received_bytes_total[$__rate_interval]))"; "{{instance}} {{client}}")])
  ]}
])

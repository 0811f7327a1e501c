# Is all well, and for whom is it not: traffic, errors, time, lag.
include "panels";

def ours: "job=~\"producer|consumer|replay|gateway\"";
# Probes are no requests of anybody.
def asked: "route!~\"/health|/ready\"";
def requests($matching): "sum by (service) (rate(http_server_request_duration_seconds_count{\($matching)}[$__rate_interval]))";
def picked: "group=~\"$group\", topic=~\"$topic\"";
def settled($more): "sum by (group, topic) (rate(tidegate_records_settled_total{\(picked)\($more)}[$__rate_interval]))";

dashboard("overview"; "Overview"; "Traffic, errors, time and lag of all services. Details: Consumer, Failures."; [
  {title: "Services", panels: [
    (stat(8; "Reachable"; "Whether Prometheus reaches /metrics of each process."; "none";
        [now("up{\(ours)}"; "{{job}}")])
      | good("up"; "down") | page("OrdersServiceDown"; 1) | good("up"; "down")),
    (stat(8; "Ready"; "Whether the members of each group do their work; of the other services the last answers of /ready, while somebody asks."; "none";
        [now("min by (group, instance) (tidegate_ready{group=~\"$group\"})"; "{{group}} {{instance}}"),
         now(share(requests("service!=\"consumer\", route=\"/ready\", status=\"200\""); requests("service!=\"consumer\", route=\"/ready\"")); "{{service}}")])
      | page("TidegateNotReady"; 1) | page("OrdersNotReady"; 1) | good("ready"; "not ready")),
    (stat(4; "Not ready because"; "How many things of each kind keep a service from being ready."; "short";
        [now("sum by (check) (tidegate_check_failing{group=~\"$group\"}) > 0"; "{{check}}")])
      | page("TidegateNotReady"; 1) | empty("nothing")),
    (stat(4; "Ledger holes"; "Delivered records that are nowhere. Anything but 0 is a defect of the framework."; "short";
        [now("sum(tidegate_ledger_holes{\(picked)})"; "holes")])
      | page("TidegateLedgerHole"; 1)),
    (rows(12; "Alerts that fire"; "What docs/alerts.md explains, one section for each."; "none";
        ["alertname", "severity", "job", "instance", "group", "topic", "partition"];
        [table("ALERTS{alertstate=\"firing\"}")])
      | empty("none")),
    rows(12; "What runs"; "The version of each process, and where it answers."; "none";
        ["job", "instance", "version"]; [table("orders_build_info")])
  ]},
  {title: "Traffic", panels: [
    lines(8; "Orders"; "Orders that were taken, and orders that were not, by reason."; "ops";
        [q("sum(rate(orders_accepted_total[$__rate_interval]))"; "accepted"),
         q("sum by (reason) (rate(orders_refused_total[$__rate_interval]))"; "refused: {{reason}}")]),
    (lines(8; "Requests"; "HTTP requests that were answered, by service."; "reqps";
        [q(requests(asked); "{{service}}")])
      | traces("Traces of the producer"; "producer"; "")),
    lines(8; "Requests in progress"; "Requests that wait for their answer at this moment."; "short";
        [q("sum by (service) (http_server_active_requests)"; "{{service}}")]),
    lines(8; "Records in"; "Records that arrived, by topic. What comes again under a later ownership counts again."; "recps";
        [q("sum by (topic) (rate(tidegate_records_delivered_total{\(picked)}[$__rate_interval]))"; "{{topic}}")]),
    (lines(8; "Records finished"; "How records ended: handled, handled before, not for this service, dead-lettered."; "recps";
        [q("sum by (outcome) (rate(tidegate_records_settled_total{\(picked)}[$__rate_interval]))"; "{{outcome}}")])
      | stacked),
    lines(8; "Records published"; "Records that the broker acknowledged, by topic."; "recps";
        [q("sum by (topic) (rate(tidegate_published_total{result=\"acked\"}[$__rate_interval]))"; "{{topic}}")])
  ]},
  {title: "Errors", panels: [
    (lines(8; "Requests that failed"; "The share of answers with a status from 500 on, by service."; "percentunit";
        [q(share(requests("status=~\"5..\", \(asked)"); requests(asked)); "{{service}}")])
      | page("OrdersHttpErrors"; 0.05) | traces("Requests that failed"; "producer"; "error=true")),
    (lines(8; "Attempts that failed"; "Calls of handlers that ended with a failure, by its class. Most are tried again."; "ops";
        [q("sum by (result) (rate(tidegate_attempts_total{group=~\"$group\", \(failed)}[$__rate_interval]))"; "{{result}}")])
      | stacked | traces("Attempts that failed"; "consumer"; "error=true")),
    (lines(8; "Dead-lettered"; "The share of finished records that went to the dead-letter topic."; "percentunit";
        [q(share(settled(", outcome=\"dead\""); settled("")); "{{group}} {{topic}}")])
      | page("TidegateDeadLetterRate"; 0.05))
  ]},
  {title: "Time", panels: [
    (lines(8; "Requests: 99th percentile"; "How long the slowest hundredth of requests took at least, by service."; "s";
        [q(quantile(0.99; "http_server_request_duration_seconds"; ", service"; asked); "{{service}}")])
      | ticket("OrdersHttpSlow"; 1)),
    lines(8; "From end to end"; "From a record's timestamp to its end, retries and waiting included."; "s";
        [(0.5, 0.95, 0.99) as $of | q(quantile($of; "tidegate_record_age_seconds"; ""; picked); "p\($of * 100)")]),
    (lines(8; "Age of the oldest unfinished record"; "Of what the service holds, the worst partition of each topic."; "s";
        [q("max by (group, topic) (tidegate_lag_seconds{\(picked)})"; "{{group}} {{topic}}")])
      | ticket("TidegateLagGrows"; 120) | page("TidegateLagHigh"; 900)),
    lines(8; "Records behind"; "Records behind the last commit, over all partitions."; "short";
        [q("sum by (group, topic) (tidegate_lag_records{\(picked)})"; "{{group}} {{topic}}")]),
    lines(8; "In flight"; "Records that are queued, running, settling, or waiting for a retry."; "short";
        [q("sum by (group, topic) (tidegate_records_in_flight{\(picked)})"; "{{group}} {{topic}}")]),
    (lines(8; "Memory"; "Resident memory of each process."; "bytes";
        [q("process_resident_memory_bytes{\(ours)}"; "{{job}} {{instance}}")])
      | ticket("OrdersMemoryHigh"; 536870912))
  ]}
])

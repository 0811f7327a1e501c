# One consumer group from inside: membership, progress, handlers, room.
include "panels";

def group: "group=~\"$group\"";
def picked: "group=~\"$group\", topic=~\"$topic\"";

dashboard("consumer"; "Consumer"; "What the members of a consumer group own, how far they are, how long handlers take, and what holds them up."; [
  {title: "Membership", panels: [
    (states(8; "Life"; "Where each member is in its life. Draining is short, before it stops.";
        [q("max by (instance, group, phase) (tidegate_phase{\(group)}) == 1"; "{{instance}} {{phase}}")])
      | empty("nobody is there")),
    (lines(8; "Partitions"; "Partitions that each member owns. Together they are all of the topic's."; "short";
        [q("sum by (instance, topic) (tidegate_partitions_assigned{\(picked)})"; "{{instance}} {{topic}}")]) | stacked),
    (lines(8; "Rebalances"; "Times in 15 minutes that the group changed what a member owns."; "short";
        [q("sum by (group, instance) (increase(tidegate_rebalances_total{\(group)}[15m]))"; "{{group}} {{instance}}")])
      | ticket("TidegateRebalanceStorm"; 5)),
    (lines(8; "Partitions that went"; "Given back after a drain; lost without one; fenced by a later owner."; "short";
        [q("sum by (how) (increase(tidegate_partitions_ended_total{\(group)}[$__rate_interval]))"; "{{how}}")])
      | bars),
    lines(8; "Cut off"; "Records that were unfinished when the ownership ended. The next owner gets them."; "recps";
        [q("sum by (topic) (rate(tidegate_records_cut_off_total{\(picked)}[$__rate_interval]))"; "{{topic}}")]),
    rows(8; "Members"; "Which process is the member of which group."; "none";
        ["group", "service", "version", "instance"]; [table("tidegate_service_info{\(group)}")])
  ]},
  {title: "Progress", panels: [
    lines(8; "Records behind"; "Records of a partition behind the last commit."; "short";
        [q("max by (topic, partition) (tidegate_lag_records{\(picked)})"; "{{topic}} {{partition}}")]),
    (lines(8; "Oldest unfinished record"; "Age of the oldest record that the service holds of a partition."; "s";
        [q("max by (topic, partition) (tidegate_lag_seconds{\(picked)})"; "{{topic}} {{partition}}")])
      | ticket("TidegateLagGrows"; 120) | page("TidegateLagHigh"; 900)),
    (lines(8; "Since the last accepted commit"; "The ownership of a partition is trusted for 0.8 of the session timeout: 36 s of 45 s. Idle partitions commit too."; "s";
        [q("max by (topic, partition) (tidegate_commit_age_seconds{\(picked)})"; "{{topic}} {{partition}}")])
      | ticket("TidegateCommitAgeNearLease"; 24)),
    (lines(8; "Partitions whose delivery stands"; "By reason: retry, outage, budget (memory is full), drain, lease (ownership is not trusted)."; "short";
        [q("sum by (reason) (tidegate_partitions_paused{\(group)})"; "{{reason}}")]) | stacked),
    (lines(8; "Age of the sample"; "How old lag and the values of stores are on this page."; "s";
        [q("max by (group, instance) (tidegate_sample_age_seconds{\(group)})"; "{{group}} {{instance}}")])
      | ticket("TidegateSampleStale"; 60)),
    lines(8; "In flight"; "Records that are queued, running, settling, or waiting for a retry."; "short";
        [q("sum by (topic, instance) (tidegate_records_in_flight{\(picked)})"; "{{topic}} {{instance}}")])
  ]},
  {title: "Lanes and handlers", panels: [
    (lines(8; "Attempts"; "Calls of handlers by how they ended."; "ops";
        [q("sum by (result) (rate(tidegate_attempts_total{\(group)}[$__rate_interval]))"; "{{result}}")])
      | stacked | traces("Traces of the consumer"; "consumer"; "")),
    lines(8; "Time of handlers: median"; "Half of the calls took at most so long, claim and encoding included."; "s";
        [q(quantile(0.5; "tidegate_attempt_duration_seconds"; ", handler"; group); "{{handler}}")]),
    (lines(8; "Time of handlers: 99th percentile"; "One call of a hundred took longer."; "s";
        [q(quantile(0.99; "tidegate_attempt_duration_seconds"; ", handler"; group); "{{handler}}")])
      | traces("Calls that took long"; "consumer"; "span.kind=consumer")),
    lines(8; "Calls by handler"; "Calls of each handler."; "ops";
        [q("sum by (handler) (rate(tidegate_attempts_total{\(group)}[$__rate_interval]))"; "{{handler}}")]),
    lines(8; "Waiting for a lane"; "From being handed to a lane to the begin of the attempt. Grows when handlers are slower than what arrives."; "s";
        [(0.5, 0.95, 0.99) as $of | q(quantile($of; "tidegate_lane_wait_seconds"; ""; group); "p\($of * 100)")]),
    lines(8; "Publishing: 99th percentile"; "From handing a batch to the client to its last answer, by topic."; "s";
        [q(quantile(0.99; "tidegate_publish_duration_seconds"; ", topic"; ""); "{{topic}}")])
  ]},
  {title: "Process", panels: [
    (lines(8; "Memory"; "Resident memory. The service's budget holds records back before it is full."; "bytes";
        [q("process_resident_memory_bytes and on (instance, job) tidegate_ready{\(group)}"; "{{instance}}")])
      | ticket("OrdersMemoryHigh"; 536870912)),
    lines(8; "Processor"; "Cores that the process keeps busy."; "none";
        [q("rate(process_cpu_seconds_total[$__rate_interval]) and on (instance, job) tidegate_ready{\(group)}"; "{{instance}}")]),
    lines(8; "Open files"; "Open file descriptors of the process: connections and files of its log."; "short";
        [q("process_open_fds and on (instance, job) tidegate_ready{\(group)}"; "{{instance}}")])
  ]}
])

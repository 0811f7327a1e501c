//! Every query of every dashboard returns data, and every rule is evaluated, on a platform that works.

use std::time::Instant;

use test_servers::LocalKafka;

use crate::boards::known::SERVICES;
use crate::boards::{dashboards, rules};
use crate::harness::{PATIENCE, Program, Setup, eventually};
use crate::scraped::Scraped;
use crate::traffic;

/// A rate is taken over so long: some scrapes.
const RATE: &str = "20s";

/// Queries that a platform in good order answers with nothing, by where they stand, and why.
const MAY_BE_EMPTY: &[(&str, &str)] = &[
    ("overview.json: Not ready because", "every check is all right"),
    ("overview.json: note Starts", "no process was started again"),
    ("consumer.json: note Starts", "no process was started again"),
    ("failures.json: note Starts", "no process was started again"),
];

fn may_be_empty(at: &str) -> bool {
    MAY_BE_EMPTY.iter().any(|(place, _)| at.ends_with(place))
}

async fn platform(folder: &std::path::Path, kafka: &LocalKafka) -> Program {
    Setup::up(folder).variable("KAFKA_BROKERS", kafka.address()).ready().await
}

#[tokio::test]
async fn every_query_of_every_dashboard_returns_data_and_every_rule_is_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let kafka = LocalKafka::start();
    let up = platform(folder.path(), &kafka).await;
    let prometheus = Scraped::start(&up);

    let all: Vec<_> = dashboards::all().iter().flat_map(|board| board.queries(RATE)).collect();
    for (place, _) in MAY_BE_EMPTY {
        assert!(all.iter().any(|(at, _)| at.ends_with(place)), "{place} is no query any more");
    }
    let open: Vec<_> = all.into_iter().filter(|(at, _)| !may_be_empty(at)).collect();
    assert!(open.len() > 70, "only {} queries were read", open.len());
    all_answer(open, &up, &prometheus).await;

    every_rule_is_evaluated(&prometheus).await;
    what_is_said_is_true(&up, &prometheus).await;
    up.end().await;
}

/// Each query returns data in some round: traffic goes on meanwhile, as rates need it.
async fn all_answer(mut open: Vec<(String, String)>, up: &Program, prometheus: &Scraped) {
    let deadline = Instant::now() + PATIENCE;
    while !open.is_empty() {
        assert!(Instant::now() < deadline, "these return nothing: {open:#?}");
        traffic::round(up).await;
        let mut left = Vec::new();
        for (at, query) in open {
            if prometheus.ask(&query).await.is_empty() {
                left.push((at, query));
            }
        }
        open = left;
    }
}

/// Without an error; and they say what is so: there are dead letters, and no hole in the ledger.
async fn every_rule_is_evaluated(prometheus: &Scraped) {
    let rules = prometheus.rules().await;
    assert_eq!(rules.len(), rules::alerts().len());
    for rule in &rules {
        assert_eq!(rule["health"], "ok", "{rule}");
        assert!(rule["lastError"].as_str().unwrap_or_default().is_empty(), "{rule}");
    }
    let firing = rules.iter().filter(|rule| rule["state"] == "firing");
    let firing: Vec<_> = firing.filter_map(|rule| rule["name"].as_str()).collect();
    assert!(firing.contains(&"TidegateDeadLetters"), "{firing:?}");
    assert!(!firing.contains(&"TidegateLedgerHole"), "{firing:?}");
}

/// Prometheus sees what the services say. A scrape that failed on a busy machine is made again, and a letter that was sent
/// back may be dead once more: both are asked until they agree.
async fn what_is_said_is_true(up: &Program, prometheus: &Scraped) {
    let wanted = SERVICES.map(|service| (service.to_owned(), "up".to_owned()));
    eventually("every service is asked well", async || {
        let targets = prometheus.targets().await;
        wanted.iter().all(|target| targets.contains(target)).then_some(())
    })
    .await;
    eventually("the dead letters are counted", async || {
        let stats = up.replay().get("/api/v1/dlq/stats").await.expect(200);
        let letters = stats.data()["total_messages"].as_f64().unwrap();
        (prometheus.ask("tidegate_dead_letters").await == [letters]).then_some(())
    })
    .await;
    for (query, number) in
        [("sum(tidegate_ledger_holes)", 0.0), ("sum(tidegate_partitions_assigned)", 3.0)]
    {
        eventually(&format!("{query} is {number}"), async || {
            (prometheus.ask(query).await == [number]).then_some(())
        })
        .await;
    }
}

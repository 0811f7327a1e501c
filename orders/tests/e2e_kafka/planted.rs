//! What is planted is found nowhere (I8): a card's number and passwords, wherever somebody may have put them, are not in logs,
//! traces, metrics, the headers of dead letters that we write, nor in answers.
//!
//! The dead letter's own body, key and headers are the producer's, byte for byte, and stay (rule 32).

use serde_json::{Value, json};
use test_servers::{LocalKafka, LocalPostgres, SecureKafka, User};
use tidegate::broker::kafka::KafkaOptions;
use tidegate::broker::{Broker, FetchLimit};
use tidegate::message::{Offset, Partition, Record, TopicName, TopicPartition};

use crate::harness::{Answer, Http, Program, eventually};
use crate::plants::{CARD, PASSWORD, TOPIC, plant};
use crate::platform::{Place, Platform};
use crate::receiver::Receiver;

#[track_caller]
fn assert_clean(where_it_is: &str, text: &str) {
    for planted in [CARD, PASSWORD, User::ORDERS.password] {
        let line = text.lines().find(|line| line.contains(planted));
        assert_eq!(line, None, "{planted} is in {where_it_is}");
    }
}

/// The cluster wants a password, and so do all the other places that take one.
fn place(folder: &std::path::Path, kafka: &SecureKafka, receiver: &Receiver) -> Place {
    let database = LocalPostgres::shared().database();
    let (scheme, rest) = database.split_once("://").unwrap();
    let (user, host) = rest.split_once('@').unwrap();
    let user = user.split(':').next().unwrap();
    let place = Place::new(folder, kafka.sasl_address(), TOPIC);
    let gateway = format!("http://u:{PASSWORD}@127.0.0.1:{}", place.port() + 3);
    place
        .variable("KAFKA_SECURITY_PROTOCOL", "sasl_plaintext")
        .variable("KAFKA_SASL_MECHANISM", "PLAIN")
        .variable("KAFKA_SASL_USERNAME", User::ORDERS.name)
        .variable("KAFKA_SASL_PASSWORD", User::ORDERS.password)
        .variable("REDIS_PASSWORD", PASSWORD)
        .variable("DATABASE_URL", &format!("{scheme}://{user}:{PASSWORD}@{host}"))
        .variable("GATEWAY_URL", &gateway)
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", receiver.address))
        .variable("OTEL_EXPORTER_OTLP_HEADERS", &format!("authorization={PASSWORD}"))
        .variable("OTEL_BSP_SCHEDULE_DELAY", "100")
        .variable("LOG_LEVEL", "trace")
}

fn broker(kafka: &SecureKafka) -> Broker {
    let variables = [
        ("KAFKA_SECURITY_PROTOCOL", "sasl_plaintext"),
        ("KAFKA_SASL_MECHANISM", "PLAIN"),
        ("KAFKA_SASL_USERNAME", User::ORDERS.name),
        ("KAFKA_SASL_PASSWORD", User::ORDERS.password),
    ];
    let variables = variables.map(|(name, value)| (name.into(), value.into()));
    let options = KafkaOptions::new(kafka.sasl_address()).variables(variables).unwrap();
    assert_clean("the Debug of KafkaOptions", &format!("{options:?}"));
    Broker::kafka(options).unwrap()
}

/// The dead letters, once there are so many.
async fn letters(broker: &Broker, count: usize) -> Vec<Record> {
    let topic = TopicName::new(format!("{TOPIC}_dlq")).unwrap();
    eventually(&format!("{count} dead letters"), async || {
        let mut letters = Vec::new();
        for partition in 0..3 {
            let at = TopicPartition::new(topic.clone(), Partition(partition));
            let fetched = broker.fetch(at, Offset(0), FetchLimit::default()).await.ok()?;
            letters.extend(fetched.records);
        }
        assert!(letters.len() <= count, "{letters:?}");
        (letters.len() == count).then_some(letters)
    })
    .await
}

/// What we have put into a letter's headers; the others are the producer's.
fn assert_headers_clean(letters: &[Record]) {
    for letter in letters {
        assert!(letter.headers.get("x-card").is_some(), "the producer's own stay");
        let ours =
            letter.headers.iter().filter(|header| header.name.as_str().starts_with("tidegate-"));
        let text: Vec<_> = ours
            .map(|header| {
                String::from_utf8_lossy(header.value.as_deref().unwrap_or_default()).into_owned()
            })
            .collect();
        assert!(text.len() > 5, "{letter:?}");
        assert_clean("a dead letter's headers", &text.join("\n"));
    }
}

/// Requests that are refused, and what is said about it.
async fn refusals(up: &Program) -> Vec<Answer> {
    let secret = |http: &Http, method: &str, path: &str| {
        let request = http.request(method, path).header("authorization", PASSWORD);
        request.header("x-card", CARD).header("content-type", "application/json")
    };
    let (producer, replay, gateway) = (up.producer(), up.replay(), up.gateway());
    let mut answers = Vec::new();
    for (http, method, path, body) in [
        (&producer, "POST", "/api/v1/orders", json!({"customer_id": 4_111_111_111_111_111_u64})),
        (
            &producer,
            "POST",
            "/api/v1/orders",
            json!({"customer_id": "c", "product_id": "p", "quantity": CARD, "price": PASSWORD}),
        ),
        (&producer, "POST", "/api/v1/orders", json!(PASSWORD)),
        (&producer, "POST", "/api/v1/orders/batch", json!({"card": CARD})),
        (&producer, "POST", "/api/v1/orders/nobody/cancel", json!({"reason": [CARD, PASSWORD]})),
        (&producer, "PUT", "/api/v1/log-level", json!({"filter": PASSWORD, "for": CARD})),
        (
            &replay,
            "POST",
            "/api/v1/replay",
            json!({"max_messages": CARD, "dry_run": PASSWORD, "start_time": CARD}),
        ),
        (&replay, "POST", "/api/v1/replay", json!({"event_ids": {"x": CARD}})),
        (&gateway, "PUT", "/api/v1/gateway", json!({"failure_rate": CARD, "down": PASSWORD})),
        (&gateway, "POST", "/api/v1/charges", json!({"order_id": "o", "amount": PASSWORD})),
        (&gateway, "POST", "/api/v1/charges", json!({"order_id": {"card": CARD}, "amount": 1})),
    ] {
        let answer = http.send(secret(http, method, path).body(body.to_string())).await;
        assert!((400..500).contains(&answer.status), "{path}: {}", answer.body);
        answers.push(answer);
    }
    for body in [format!("{{\"card\": {CARD}"), PASSWORD.to_owned()] {
        answers.push(
            producer.send(secret(&producer, "POST", "/api/v1/orders").body(body)).await.expect(400),
        );
    }
    answers
}

/// The listing of dead letters without what is the producer's own.
fn without_originals(mut listing: Value) -> String {
    let messages = listing["data"]["messages"].as_array_mut().unwrap();
    for message in messages {
        let message = message.as_object_mut().unwrap();
        for original in ["original_event", "key"] {
            assert!(message.remove(original).is_some());
        }
        let headers = message["headers"].as_array_mut().unwrap();
        headers.retain(|header| header["name"].as_str().unwrap().starts_with("tidegate-"));
    }
    listing.to_string()
}

/// Whatever the services tell about themselves.
async fn assert_answers_clean(up: &Program) {
    let (producer, consumer, replay, gateway) =
        (up.producer(), up.consumer(), up.replay(), up.gateway());
    for http in [&producer, &consumer, &replay, &gateway] {
        for path in ["/health", "/ready", "/api/v1/log-level", "/metrics"] {
            let answer = http.get(path).await.expect(200);
            assert_clean(path, &format!("{} {:?}", answer.body, answer.headers));
        }
    }
    assert_clean(
        "the consumer's metrics",
        &consumer.get("/api/v1/metrics").await.expect(200).body.to_string(),
    );
    assert_clean(
        "the replay service's counts",
        &replay.get("/api/v1/dlq/stats").await.expect(200).body.to_string(),
    );
    let listing = replay.get("/api/v1/dlq/messages?limit=1000").await.expect(200);
    assert_clean("the listing", &without_originals(listing.body));
}

fn assert_logs_clean(platform: &Platform) {
    let Platform { gateway, producer, consumer, replay } = platform;
    for process in [gateway, producer, consumer, replay] {
        let (log, shown) = (process.stderr(), process.stdout());
        assert!(log.lines().count() > 1, "{log}");
        assert_clean("a log", &log);
        assert_clean("what a process shows", &shown);
    }
}

#[tokio::test]
async fn what_is_planted_is_found_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    let (kafka, receiver) = (LocalKafka::secure(), Receiver::start().await);
    let place = place(folder.path(), &kafka, &receiver);
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let broker = broker(&kafka);

    let dead = plant(&broker, "json").await;
    assert_headers_clean(&letters(&broker, dead).await);
    for answer in refusals(&platform.producer).await {
        assert_clean("an answer", &format!("{} {:?}", answer.body, answer.headers));
    }
    assert_answers_clean(&platform.producer).await;
    assert_logs_clean(&platform);
    let told = platform.consumer.stderr();
    assert!(told.contains("planted-case"), "there are lines about them");
    assert!(told.contains("not shown: it may hold data"), "it panicked with something planted");

    // The same for people: a consumer on a terminal.
    let Platform { gateway, producer, consumer, replay } = platform;
    consumer.stop("TERM").await;
    let line = r#"exec script -q -e -c "$1 $2" /dev/null"#;
    let consumer = place.orders("consumer").in_shell(line).ready_at(1..2).await;
    let more = plant(&broker, "terminal").await;
    assert_headers_clean(&letters(&broker, dead + more).await);
    let shown = eventually("people read of it", async || {
        let shown = consumer.stdout();
        (shown.matches("dead-lettered").count() >= more).then_some(shown)
    })
    .await;
    assert!(
        shown.contains("correlation_id=planted-case") && shown.contains(" trace_id="),
        "{shown}"
    );
    assert!(!shown.contains("{\"correlation_id\""), "it is for people: {shown}");
    assert_clean("a log for people", &shown);

    let spans = receiver.spans();
    assert!(spans.iter().any(|span| span.span.name.starts_with("process ")));
    let bodies = spans.iter().map(|span| format!("{span:?}")).collect::<Vec<_>>();
    assert_clean("the spans", &bodies.join("\n"));
    assert_eq!(receiver.headers()[0]["authorization"], PASSWORD, "it got there, and nowhere else");
    drop(consumer);
    for process in [producer, replay, gateway] {
        process.stop("TERM").await;
    }
}

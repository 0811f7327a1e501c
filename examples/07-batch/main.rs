//! Many records in one call, an outcome for each; and two groups in one process.
//!
//! ```sh
//! cargo run --release -p tidegate --example 07-batch
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use tidegate::broker::NewTopic;
use tidegate::message::TopicName;
use tidegate::prelude::*;
use tokio::sync::mpsc;

#[derive(serde::Serialize, serde::Deserialize)]
struct Reading {
    sensor: u32,
    degrees: i32,
}
impl Event for Reading {
    const TYPE: &'static str = "reading.taken";
    fn key(&self) -> Key<'_> {
        Key::from(self.sensor.to_string())
    }
}

type Done = mpsc::UnboundedSender<&'static str>;

/// One write for all that can run at this moment; a bad reading is dead-lettered alone.
async fn store(readings: Batch<Reading>, State(done): State<Done>) -> Vec<Result<(), Permanent>> {
    let check = |reading: &Reading| match reading.degrees {
        -90..=60 => {
            done.send("stored").ok();
            Ok(())
        }
        _ => Err(Permanent::new("no such temperature")),
    };
    readings.iter().map(|record| check(&record.payload)).collect()
}

/// A function that keeps its thread.
fn plot(Payload(_): Payload<Reading>, State(done): State<Done>) {
    done.send("plotted").ok();
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::in_memory();
    broker.create_topics(vec![NewTopic::new(TopicName::new("readings")?, 3)]).await;
    let (done, mut heard) = mpsc::unbounded_channel();
    let storing = Service::new("storing", broker.clone())
        .start_from(StartFrom::Earliest)
        .route(Topic::json("readings").on_batch(100, store).with_state(done.clone()));
    let plotting = Service::new("plotting", broker.clone())
        .start_from(StartFrom::Earliest)
        .route(Topic::json("readings").on(blocking(plot)).with_state(done));
    let (ended, counts) = tokio::sync::oneshot::channel();
    let feed = async move {
        let publisher = Publisher::new(broker);
        for sensor in 0..20 {
            let degrees = if sensor == 7 { 900 } else { 20 };
            publisher.publish("readings", Reading { sensor, degrees }).await.expect("a topic");
        }
        let mut counts = std::collections::BTreeMap::<_, u32>::new();
        while counts.values().sum::<u32>() < 19 + 20 {
            *counts.entry(heard.recv().await.unwrap_or("ended")).or_default() += 1;
        }
        ended.send(counts).ok();
    };
    Services::new().with(storing).with(plotting).run_until(feed).await?;
    for (what, count) in counts.await? {
        println!("{what}: {count}");
    }
    Ok(())
}

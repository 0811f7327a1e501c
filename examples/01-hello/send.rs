//! Puts greetings into the log: one for each name on the command line.
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use tidegate::broker::NewTopic;
use tidegate::message::TopicName;
use tidegate::prelude::*;

#[derive(serde::Serialize)]
struct Greeting {
    name: String,
}
impl Event for Greeting {
    const TYPE: &'static str = "greeting.sent";
    fn key(&self) -> Key<'_> {
        Key::from(&self.name)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let broker = Broker::from_env()?;
    // One partition, so that greetings are read in the order in which they were sent. It may exist already.
    let _ = broker.create_topics(vec![NewTopic::new(TopicName::new("greetings")?, 1)]).await;
    let publisher = Publisher::new(broker.clone());
    for name in std::env::args().skip(1) {
        let published = publisher.publish("greetings", Greeting { name }).await?;
        println!("{}", published.offset);
    }
    broker.close().await;
    Ok(())
}

//! The smallest service: one typed handler.
//!
//! ```sh
//! cargo run --release -p tidegate --example 01-hello-send -- Ada Grace   # two greetings into the log in ./data
//! cargo run --release -p tidegate --example 01-hello                     # greets them; Ctrl-C ends it
//! ```
#![allow(clippy::print_stdout, reason = "what an example prints is its result")]

use tidegate::prelude::*;

#[derive(serde::Serialize, serde::Deserialize)]
struct Greeting {
    name: String,
}
impl Event for Greeting {
    const TYPE: &'static str = "greeting.sent";
    fn key(&self) -> Key<'_> {
        Key::from(&self.name)
    }
}

async fn greet(Payload(g): Payload<Greeting>, attempt: Attempt) -> Result<(), Permanent> {
    println!("hello {}, attempt {attempt}", g.name);
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), tidegate::Error> {
    let broker = Broker::from_env()?; // the embedded log in ./data, or KAFKA_BROKERS
    Service::new("hello", broker) // consumer group
        .start_from(StartFrom::Earliest) // without this line it does not compile
        .route(Topic::json("greetings").on(greet))
        .run() // until SIGTERM: drain, commit, leave
        .await
}

//! `retry release`.

use serde::Serialize;
use tidegate::broker::Broker;
use tidegate::retries::{Waiting, Waits};

use super::{ReleaseArgs, Which, record};
use crate::answer::{Answer, Block, Table};
use crate::failure::Failure;
use crate::output::Content;

#[derive(Debug, Serialize)]
struct Released {
    record: String,
    key: Option<Content>,
    reason: String,
}

pub(super) async fn run(broker: &Broker, args: &ReleaseArgs) -> Result<Answer, Failure> {
    let topic = args.which.open(broker)?;
    let waiting = topic.waiting().await?;
    // What waits of a topic of this name that was deleted has an earlier term.
    let meant = waiting.iter().filter(|waiting| args.means(waiting)).max_by_key(|w| w.term);
    let Some(meant) = meant else {
        return Err(Failure::Missing(args.nobody()));
    };
    topic.release(meant, &args.reason).await?;
    let released = Released {
        record: record(&args.which.topic, meant),
        key: meant.key.as_deref().map(Content::of),
        reason: args.reason.clone(),
    };
    let row = vec![released.record.clone(), Content::brief(released.key.as_ref(), 24)];
    let table = Table::new(&["RELEASED", "KEY"], &[]).rows([row]);
    let told =
        "its owner lets the key go as soon as it reads this; what waits behind runs in order";
    Ok(Answer::new(&released, vec![Block::Table(table)])?.say(told))
}

impl ReleaseArgs {
    /// The record by its place, whatever it waits for; or who holds the key.
    fn means(&self, waiting: &Waiting) -> bool {
        let place = (self.partition, self.offset);
        let of_key = self.key.as_deref().map(str::as_bytes) == waiting.key.as_deref();
        let holds = matches!(waiting.waits, Waits::Held | Waits::Settling);
        match self.key {
            Some(_) => of_key && holds,
            None => place == (Some(waiting.partition.0), Some(waiting.offset.0)),
        }
    }

    fn nobody(&self) -> String {
        let Which { topic, group, .. } = &self.which;
        match (&self.key, self.partition, self.offset) {
            (None, Some(partition), Some(offset)) => {
                format!(
                    "record {topic}/{partition}/{offset} does not wait for a retry of group {group}"
                )
            }
            _ => format!("no key of that name is held for group {group} on {topic}"),
        }
    }
}

//! Whether a partition can be read from an offset on: tried by a client of its own, which is let go afterwards.

use std::time::{Duration, Instant};

use rdkafka::error::RDKafkaErrorCode as Code;

use super::cluster::Cluster;
use super::error::About;
use super::reader::{Heard, Reader};
use crate::broker::BrokerError;
use crate::message::{Offset, TopicPartition};

impl Cluster {
    /// Reads there until a record comes, or the end, for no longer than this.
    ///
    /// # Errors
    /// [`BrokerError::Corrupt`] and [`BrokerError::OutOfRange`]; any other where nobody has answered.
    pub(super) fn try_to_read(
        &self,
        partition: &TopicPartition,
        from: Offset,
        limit: Duration,
    ) -> Result<(), BrokerError> {
        let asked = |error| self.question_about(&error, About::topic(&partition.topic));
        let deadline = Instant::now() + limit;
        let mut reader = Reader::new(&self.options, self.told(), partition.clone())?;
        reader.set_down(from).map_err(asked)?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match reader.hear(left) {
                Heard::Record(_) | Heard::End => return Ok(()),
                Heard::Corrupt(reason) => {
                    let (partition, reason) = (partition.clone(), reason.to_owned());
                    return Err(BrokerError::Corrupt { partition, offset: from, reason });
                }
                Heard::Failed(error)
                    if error.rdkafka_error_code() == Some(Code::AutoOffsetReset) =>
                {
                    let left = deadline.saturating_duration_since(Instant::now());
                    let bounds = self.watermarks_within(partition, left)?;
                    return Err(bounds.out_of_range(partition, from));
                }
                Heard::Nothing | Heard::Failed(_) if left.is_zero() => {
                    let reason = format!("no answer for {partition}");
                    return Err(BrokerError::Unavailable(self.troubles.explain(&reason)));
                }
                Heard::Nothing | Heard::Failed(_) => {}
            }
        }
    }
}

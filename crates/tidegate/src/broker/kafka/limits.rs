//! The size limit of a topic: Kafka's counts a batch as it is written, ours what a record carries.

/// What a batch of one record has beside key, value and headers, at most, in Kafka's record format v2:
///
/// ```text
///   batch header                                    61
///   record: length                                   5   varint
///           attributes                               1
///           timestamp delta                         10   varlong
///           offset delta, key length, value length  15   three varints
///           number of headers                        5   varint
/// ```
///
/// The two lengths of a header are in our own count: 8 bytes for each.
const OVERHEAD: usize = 61 + 5 + 1 + 10 + 15 + 5;

/// What a broker takes that was not told otherwise.
pub(super) const BROKER_DEFAULT: usize = 1_048_588;

/// librdkafka's usual size of a batch.
const USUAL_BATCH: usize = 1_000_000;

/// Room for a batch's header and the record that closes it.
const BATCH_SLACK: usize = 128;

/// `max.message.bytes` for a topic whose records may have so many bytes.
pub(super) const fn to_config(limit: usize) -> usize {
    limit.saturating_add(OVERHEAD)
}

/// Bytes of key, value and headers that a topic with this `max.message.bytes` takes.
pub(super) const fn of_config(max_message_bytes: usize) -> usize {
    max_message_bytes.saturating_sub(OVERHEAD)
}

/// How large batches for a topic may get: the broker refuses one that is over the topic's limit whole, also when each
/// record of it would fit. Powers of two below the usual size, so that few producers serve all topics.
pub(super) const fn batch_for(limit: usize) -> usize {
    let room = to_config(limit).saturating_sub(BATCH_SLACK);
    if room >= USUAL_BATCH {
        return USUAL_BATCH;
    }
    match room.checked_ilog2() {
        Some(power) => 1 << power,
        None => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_survives_the_way_through_the_config() {
        for limit in [0, 1, 1_000, 1 << 20, 1 << 30] {
            assert_eq!(of_config(to_config(limit)), limit);
        }
        assert_eq!(of_config(10), 0, "less than a batch's header: nothing fits");
    }

    #[test]
    fn a_batch_stays_below_the_topics_limit() {
        assert_eq!(batch_for(1 << 20), USUAL_BATCH);
        for limit in [1, 40, 1_000, 5_000, 900_000] {
            assert!(batch_for(limit) <= to_config(limit), "{limit}");
        }
        assert_eq!(batch_for(1_000), 512, "969 bytes of room");
        assert_eq!(batch_for(0), 1);
    }
}

//! What a member of a group owns, out of the bytes that its leader wrote (`ConsumerProtocolAssignment`).
//!
//! ```text
//!   version int16 | topics int32 | ( name int16 + bytes | partitions int32 | number int32 ... ) ... | user data
//! ```
//!
//! Any client may have written them: what cannot be read means nothing, and is no error.

use crate::message::{Partition, TopicName, TopicPartition};

/// The partitions; none when the bytes are not an assignment.
pub(super) fn partitions(bytes: &[u8]) -> Vec<TopicPartition> {
    let mut partitions = read(bytes).unwrap_or_default();
    partitions.sort();
    partitions
}

fn read(mut bytes: &[u8]) -> Option<Vec<TopicPartition>> {
    let input = &mut bytes;
    take::<2>(input)?;
    let mut partitions = Vec::new();
    for _ in 0..count(input)? {
        let length = usize::try_from(i16::from_be_bytes(take(input)?)).ok()?;
        let (name, rest) = input.split_at_checked(length)?;
        *input = rest;
        let topic = TopicName::new(std::str::from_utf8(name).ok()?).ok()?;
        for _ in 0..count(input)? {
            let number = Partition(count(input)?);
            partitions.push(TopicPartition::new(topic.clone(), number));
        }
    }
    Some(partitions)
}

/// A number that is not negative. A count that lies ends with the bytes: each item takes some.
fn count(input: &mut &[u8]) -> Option<u32> {
    u32::try_from(i32::from_be_bytes(take(input)?)).ok()
}

fn take<const N: usize>(input: &mut &[u8]) -> Option<[u8; N]> {
    let (head, rest) = input.split_first_chunk()?;
    *input = rest;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(topics: &[(&str, &[i32])]) -> Vec<u8> {
        let mut bytes = vec![0, 1];
        bytes.extend((topics.len() as i32).to_be_bytes());
        for (name, numbers) in topics {
            bytes.extend((name.len() as i16).to_be_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend((numbers.len() as i32).to_be_bytes());
            numbers.iter().for_each(|n| bytes.extend(n.to_be_bytes()));
        }
        bytes.extend((-1_i32).to_be_bytes());
        bytes
    }

    #[test]
    fn an_assignment_is_read_sorted() {
        let bytes = written(&[("b", &[2, 0]), ("a", &[1]), ("none", &[])]);
        let read: Vec<_> = partitions(&bytes).iter().map(ToString::to_string).collect();
        assert_eq!(read, ["a/1", "b/0", "b/2"]);
    }

    #[test]
    fn what_is_cut_off_or_negative_owns_nothing() {
        let bytes = written(&[("topic", &[0, 1])]);
        for end in 0..bytes.len() - 4 {
            assert!(partitions(&bytes[..end]).is_empty(), "cut at {end}");
        }
        assert!(partitions(&written(&[("topic", &[-1])])).is_empty());
        assert!(partitions(&written(&[("no topic!", &[0])])).is_empty());
        assert!(partitions(&[0, 0, 0xff, 0xff, 0xff, 0xff]).is_empty());
        assert!(partitions(&[0, 0, 0x7f, 0xff, 0xff, 0xff]).is_empty());
    }

    proptest! {
        #[test]
        fn no_bytes_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            partitions(&bytes);
        }
    }
}

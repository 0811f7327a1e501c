//! The reads, against lists and clients of the client library.

use rdkafka::producer::{BaseProducer, Producer as _};

use super::*;

#[test]
fn a_token_that_cannot_be_used_is_refused() {
    let client: BaseProducer = rdkafka::ClientConfig::new().create().unwrap();
    for token in ["token", "to\0ken"] {
        let principal_name = "me".into();
        let token = OAuthToken { token: token.into(), principal_name, lifetime_ms: i64::MAX };
        assert!(set_token(client.client(), &token).is_err());
    }
}

#[test]
fn a_list_is_read_entry_by_entry() {
    let mut list = TopicPartitionList::new();
    assert!(offsets(&list).is_empty());
    list.add_partition_offset("t", 3, rdkafka::Offset::Offset(7)).unwrap();
    list.find_partition("t", 3).unwrap().set_metadata("m");
    list.add_partition("u", 0);
    let read = offsets(&list);
    assert_eq!((read[0].topic.as_str(), read[0].partition, read[0].offset), ("t", 3, 7));
    assert_eq!(read[0].metadata, b"m");
    assert!(read[1].offset < 0 && read[1].metadata.is_empty());
}

//! What is no entry of ours is said to be that, and never taken for one.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

fn place() -> Place {
    Place::of(&stored(scribe().entry(&entry())))
}

fn damaged(what: &'static str) -> Result<Found, EntryError> {
    let origin = TopicPartition::new(scribe().source, Partition(3));
    Err(EntryError::Damaged { place: place(), origin, id: entry().id, what })
}

#[test]
fn what_others_write_is_not_ours() {
    for key in [None, Some(""), Some("o-1"), Some("tidegate"), Some("Tidegate/1 ")] {
        let mut record = with_key("");
        record.key = key.map(Bytes::from);
        assert_eq!(scribe().read(&record), Err(EntryError::NotOurs { place: place() }), "{key:?}");
    }
}

#[test]
fn a_key_has_one_form() {
    for key in [
        "tidegate/",
        "tidegate/1",
        "tidegate/0 group=shop%2Feu%201 origin=orders/3/41 attempt=2 term=7 write=0",
        "tidegate/01 group=shop%2Feu%201 origin=orders/3/41 attempt=2 term=7 write=0",
        "tidegate/1 group=shop%2feu%201 origin=orders/3/41 attempt=2 term=7 write=0",
        "tidegate/1 group=shop/eu%201 origin=orders/3/41 attempt=2 term=7 write=0",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/+41 attempt=2 term=7 write=0",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41 attempt=02 term=7 write=0",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41 attempt=2 term=7 write=0 ",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41/5 attempt=2 term=7 write=0",
        "tidegate/1 group=shop%2Feu%201 origin=or ders/3/41 attempt=2 term=7 write=0",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41 attempt=2",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41 attempt=2 term=7 write=00",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41 attempt=2 term=18446744073709551616 write=0",
        "tidegate/1 group=shop%2Feu%201 origin=orders/3/41 attempt=4294967296 term=7 write=0",
        "tidegate/1 group=shop%2Feu%201 attempt=2 origin=orders/3/41 term=7 write=0",
    ] {
        let read = scribe().read(&with_key(key));
        assert_eq!(read, Err(EntryError::Key { place: place() }), "{key}");
    }
}

proptest! {
    /// A key is read in one pass, and by being written again where that fails: both take the same for keys of ours.
    #[test]
    fn a_key_of_ours_is_one_by_either_reading(at in 0_usize..80, byte in b' '..=b'~', cut in any::<bool>()) {
        let own = scribe().key(Partition(3), entry().id);
        let mut bytes = own.clone().into_bytes();
        let at = at % bytes.len();
        if cut {
            bytes.remove(at);
        } else {
            bytes.insert(at, byte);
        }
        let quick = key::read_own(&bytes, &scribe().prefix, Partition(3));
        let slow = key::read(&bytes).ok().filter(|key| {
            let origin = TopicPartition::new(scribe().source, Partition(3));
            key.group == GROUP && key.origin == origin
        });
        prop_assert_eq!(quick, slow.map(|key| key.id));
        prop_assert_eq!(key::read_own(own.as_bytes(), &scribe().prefix, Partition(3)), Some(entry().id));
    }
}

#[test]
fn another_group_is_named() {
    let others = of_group("billing é");
    let foreign = Ok(Found::Foreign { group: "billing é".into() });
    assert_eq!(scribe().read(&stored(others.entry(&entry()))), foreign);
    assert_eq!(scribe().read(&stored(others.tombstone(Partition(3), entry().id))), foreign);
}

#[test]
fn an_entry_of_another_partition_or_topic_is_refused() {
    let mut moved = stored(scribe().entry(&entry()));
    moved.partition = Partition(4);
    let error = scribe().read(&moved).unwrap_err();
    let origin = TopicPartition::new(scribe().source, Partition(3));
    assert_eq!(error, EntryError::Elsewhere { place: Place::of(&moved), origin });

    let payments = TopicName::new("payments").unwrap();
    let payments = Scribe::new(GROUP.into(), payments, scribe().companion);
    let read = payments.read(&stored(scribe().entry(&entry())));
    assert!(matches!(read, Err(EntryError::Elsewhere { .. })), "{read:?}");
}

#[test]
fn a_newer_version_is_told_apart_from_damage() {
    let newer = |version| Err(EntryError::Newer { place: place(), version });
    assert_eq!(scribe().read(&with_key("tidegate/2 whatever it says")), newer(2));
    let mut record = stored(scribe().entry(&entry()));
    let mut value = record.value.take().unwrap().to_vec();
    value[4] = 3;
    record.value = Some(value.into());
    assert_eq!(scribe().read(&record), newer(3));
}

#[test]
fn every_byte_that_changes_is_noticed() {
    let whole = stored(scribe().entry(&entry()));
    let (key, value) = (whole.key.clone().unwrap(), whole.value.clone().unwrap());
    for at in 0..value.len() {
        for flip in 1..=u8::MAX {
            let mut value = value.to_vec();
            value[at] ^= flip;
            let read = scribe().read(&Record { value: Some(value.into()), ..whole.clone() });
            assert!(read.is_err(), "byte {at}, flipped by {flip}: {read:?}");
        }
    }
    // A value is good for its own key only.
    for at in 0..key.len() {
        let mut key = key.to_vec();
        key[at] ^= 1;
        let read = scribe().read(&Record { key: Some(key.into()), ..whole.clone() });
        assert!(!matches!(read, Ok(Found::Entry(_))), "byte {at}: {read:?}");
    }
}

#[test]
fn every_cut_is_noticed() {
    let whole = stored(scribe().entry(&entry()));
    let value = whole.value.clone().unwrap();
    for cut in 0..value.len() {
        let read = scribe().read(&Record { value: Some(value.slice(..cut)), ..whole.clone() });
        assert!(matches!(read, Err(EntryError::Damaged { .. })), "cut at {cut}: {read:?}");
    }
}

/// With the right checksum, so that nothing but the parts is wrong; lengths that are claimed are not believed.
#[test]
fn parts_that_are_not_there_are_damage() {
    let key = stored(scribe().entry(&entry())).key.unwrap();
    for rest in [&b""[..], b"\xfe\xff\xff\xff", b"\xff\xff\xff\xff", b"\x02\0\0\0{}", b"\0\0\0\0"] {
        let sum = crc32fast::hash(&[&key, rest].concat()).to_le_bytes();
        let value = [b"TGRE\x01", &sum[..], rest].concat();
        let record = Record { value: Some(value.into()), ..with_key(key.clone()) };
        assert_eq!(scribe().read(&record), damaged("its parts are not those of an entry"));
    }
}

#[test]
fn an_error_says_what_where_and_what_to_do() {
    let mut record = stored(scribe().entry(&entry()));
    record.value = Some("x".into());
    assert_eq!(
        scribe().read(&record).unwrap_err().to_string(),
        "orders.shop.retry/3 offset 12 is damaged (it does not begin as an entry does): the retry of orders/3/41 after \
         attempt 2 is lost with it; process that record from its own topic, then publish the entry's key without a value"
    );
}

proptest! {
    #[test]
    fn any_record_is_read_without_a_panic(
        key in option::of(vec(any::<u8>(), 0..80)),
        value in option::of(vec(any::<u8>(), 0..200)),
        ours in any::<bool>(),
        text in "(group|origin|attempt|term|write|=|/|%[0-9A-F]{2}| |[0-9]{1,3}|[a-z]){0,20}",
    ) {
        let key = if ours { Some(format!("tidegate/1 {text}").into()) } else { key.map(Bytes::from) };
        let record = Record { key, value: value.map(Bytes::from), ..with_key("") };
        prop_assert!(!matches!(scribe().read(&record), Ok(Found::Entry(_))));
    }

    /// Behind the right key, magic and checksum.
    #[test]
    fn any_value_is_read_without_a_panic(rest in vec(any::<u8>(), 0..200)) {
        let key = stored(scribe().entry(&entry())).key.unwrap();
        let sum = crc32fast::hash(&[&key, &rest[..]].concat()).to_le_bytes();
        let value = [b"TGRE\x01", &sum[..], &rest].concat();
        let record = Record { value: Some(value.into()), ..with_key(key) };
        prop_assert!(scribe().read(&record).is_err());
    }
}

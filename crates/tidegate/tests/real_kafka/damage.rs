//! Batches as they lie in a broker's log, and damage to them on its disk. What is written there is sent at once: the broker sends what
//! the system has of the file.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use test_servers::LocalKafka;
use tidegate::message::TopicPartition;

/// Where these stand in a batch of the present format: base offset, length, leader epoch, magic, checksum, attributes, delta of
/// the last offset.
const LENGTH: usize = 8;
pub(crate) const MAGIC: usize = LENGTH + 4 + 4;
const CHECKSUM: usize = MAGIC + 1;
const ATTRIBUTES: usize = CHECKSUM + 4;
const LAST: usize = ATTRIBUTES + 2;
/// What stands before its records.
pub(crate) const HEAD: usize = 61;

/// One batch in a partition's first segment, on one broker.
#[derive(Debug, Clone)]
pub(crate) struct Batch {
    file: PathBuf,
    at: usize,
    bytes: Vec<u8>,
}

impl Batch {
    /// The one that has this record, on the first broker.
    pub(crate) fn of(kafka: &LocalKafka, partition: &TopicPartition, offset: u64) -> Self {
        Self::on(1, kafka, partition, offset)
    }

    pub(crate) fn on(
        node: u16,
        kafka: &LocalKafka,
        TopicPartition { topic, partition }: &TopicPartition,
        offset: u64,
    ) -> Self {
        let folder = format!("node-{node}/log/{topic}-{}", partition.0);
        let file = kafka.folder().join(folder).join("00000000000000000000.log");
        let has = |batch: &Self| batch.offsets().contains(&offset);
        Self::all(&file).into_iter().find(has).expect("a batch with that offset")
    }

    fn all(file: &Path) -> Vec<Self> {
        let (log, mut at, mut all) = (fs::read(file).unwrap(), 0, Vec::new());
        while at < log.len() {
            let size = LENGTH + 4 + number(&log[at + LENGTH..]) as usize;
            let bytes = log[at..at + size].to_vec();
            all.push(Self { file: file.to_owned(), at, bytes });
            at += size;
        }
        all
    }

    /// What it holds.
    pub(crate) fn offsets(&self) -> std::ops::Range<u64> {
        let first = u64::from_be_bytes(self.bytes[..LENGTH].try_into().unwrap());
        first..first + u64::from(number(&self.bytes[LAST..])) + 1
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Writes one of its bytes.
    pub(crate) fn set(&self, place: usize, byte: u8) {
        self.write(place, &[byte]);
    }

    /// Changes one of its bytes.
    pub(crate) fn flip(&self, place: usize) {
        self.set(place, !self.bytes[place]);
    }

    /// The same with a checksum that fits: whoever checks that alone does not see it.
    pub(crate) fn flip_unseen(&self, place: usize) {
        let mut bytes = self.bytes.clone();
        bytes[place] = !bytes[place];
        let sum = checksum(&bytes[ATTRIBUTES..]);
        self.flip(place);
        self.write(CHECKSUM, &sum.to_be_bytes());
    }

    /// Where it lies.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// As it was.
    pub(crate) fn mend(&self) {
        self.write(0, &self.bytes);
    }

    fn write(&self, place: usize, bytes: &[u8]) {
        let file = OpenOptions::new().write(true).open(&self.file).unwrap();
        file.write_all_at(bytes, (self.at + place) as u64).unwrap();
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes[..4].try_into().unwrap())
}

/// CRC-32C, bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 };
        }
    }
    !sum
}

/// The checksum is the broker's: else damage would be seen where a test hides it.
#[test]
fn the_checksum_is_castagnolis() {
    assert_eq!(checksum(b"123456789"), 0xe306_9283);
}

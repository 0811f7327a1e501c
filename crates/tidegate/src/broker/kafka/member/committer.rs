//! Commits, one at a time, on a thread that may wait for them (rule 2).

use std::sync::Arc;
use std::sync::mpsc::Receiver;

use rdkafka::TopicPartitionList;
use rdkafka::consumer::{CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode as Code};
use tokio::sync::oneshot;

use super::{Client, Shared};
use crate::broker::kafka::{error, record};
use crate::broker::{CommitEntry, CommitError, Watermarks};
use crate::message::Offset;

pub(super) type Results = Vec<Result<(), CommitError>>;

/// An entry that the member owned when it was handed in.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) entry: CommitEntry,
    /// The grant that allows it.
    pub(super) grant: u64,
    /// The end of its partition, as far as it is known.
    pub(super) known_end: Offset,
}

/// One commit.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) entries: Vec<Checked>,
    pub(super) reply: oneshot::Sender<Results>,
}

/// Works off the jobs in order, until `None` comes: the handle, which has a sender, may outlive the membership. The
/// value in each job is newer than those before it.
pub(super) fn thread(
    client: Arc<Client>,
    shared: Arc<Shared>,
    jobs: Receiver<Option<Job>>,
) -> impl FnOnce() + Send {
    move || {
        for Job { entries, reply } in jobs.into_iter().map_while(|job| job) {
            // Whoever asked may have gone.
            let _ = reply.send(commit(&client, &shared, entries));
        }
    }
}

fn commit(client: &Client, shared: &Shared, entries: Vec<Checked>) -> Results {
    let within = |c: Checked| within(client, c.entry, c.known_end).map(|entry| (entry, c.grant));
    let within: Vec<_> = entries.into_iter().map(within).collect();
    let owned = |(entry, grant): (CommitEntry, u64)| {
        shared.state().check_grant(&entry.partition, grant).map(|()| entry)
    };
    let checked: Vec<_> = within.into_iter().map(|entry| entry.and_then(owned)).collect();
    let good: Vec<_> = checked.iter().filter_map(|entry| entry.as_ref().ok()).collect();
    let mut answers = together(client, &good).into_iter();
    let answer = |entry: &Result<_, CommitError>| match entry {
        Ok(_) => answers.next().unwrap_or(Ok(())),
        Err(error) => Err(error.clone()),
    };
    checked.iter().map(answer).collect()
}

/// Kafka takes any offset; one beyond the end of the log would lose what comes there.
fn within(
    client: &Client,
    entry: CommitEntry,
    known_end: Offset,
) -> Result<CommitEntry, CommitError> {
    let offset = entry.committed.offset;
    if offset <= known_end {
        return Ok(entry);
    }
    let partition = entry.partition.clone();
    match client.context().cluster.watermarks(&partition) {
        Ok(Watermarks { end, .. }) if offset <= end => Ok(entry),
        Ok(Watermarks { end, .. }) => Err(CommitError::OutOfRange { partition, offset, end }),
        Err(error) => Err(CommitError::Unavailable(error.to_string())),
    }
}

/// All in one request; if that is refused for what may be one partition's fault, one by one.
fn together(client: &Client, entries: &[&CommitEntry]) -> Results {
    match send(client, entries) {
        Ok(()) => entries.iter().map(|_| Ok(())).collect(),
        Err(code) if entries.len() > 1 && concerns_one(code) => {
            let alone = |entry: &&CommitEntry| {
                send(client, &[entry]).map_err(|code| error::commit(code, &entry.partition))
            };
            entries.iter().map(alone).collect()
        }
        Err(code) => entries.iter().map(|e| Err(error::commit(code, &e.partition))).collect(),
    }
}

/// Whether the code may be about one partition only: those of the member, the group or the way there are not.
fn concerns_one(code: Code) -> bool {
    matches!(
        code,
        Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::TopicAuthorizationFailed
            | Code::OffsetMetadataTooLarge
            | Code::InvalidCommitOffsetSize
    )
}

fn send(client: &Client, entries: &[&CommitEntry]) -> Result<(), Code> {
    if entries.is_empty() {
        return Ok(());
    }
    // A member that was put out has no generation: its commit would be taken for that of a client without a group.
    if client.assignment_lost() {
        return Err(Code::AssignmentLost);
    }
    let mut list = TopicPartitionList::with_capacity(entries.len());
    for CommitEntry { partition, committed } in entries {
        let mut entry = list.add_partition(partition.topic.as_str(), record::number(partition));
        let set = entry.set_offset(record::raw(committed.offset));
        set.map_err(|_| Code::InvalidArgument)?;
        entry.set_metadata(&committed.metadata);
    }
    client.commit(&list, CommitMode::Sync).map_err(|error| match error {
        KafkaError::ConsumerCommit(code) => code,
        _ => Code::Unknown,
    })
}

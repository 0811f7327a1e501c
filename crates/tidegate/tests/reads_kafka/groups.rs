use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::{ClientConfig, TopicPartitionList};
use tidegate::broker::{GroupInfo, NewTopic};
use tidegate::message::{Partition, TopicPartition};

use super::{broker, cluster, create, fill, fresh, within};

fn member(address: &str, group: &str, topic: &str) -> BaseConsumer {
    let member: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", address)
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .create()
        .unwrap();
    member.subscribe(&[topic]).unwrap();
    member
}

/// Polls until it owns so many partitions.
fn until_owns(member: &BaseConsumer, count: usize) {
    let deadline = std::time::Instant::now() + super::PATIENCE;
    while member.assignment().unwrap().count() < count {
        assert!(std::time::Instant::now() < deadline, "the member owns too little");
        let _ = member.poll(std::time::Duration::from_millis(50));
    }
}

async fn found(broker: &tidegate::broker::Broker, group: &str) -> Option<GroupInfo> {
    broker.groups().await.unwrap().into_iter().find(|g| g.name == group)
}

/// Groups of any client are seen: who owns what, what was committed, how far they are behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_group_of_another_client_is_seen_whole() {
    let broker = broker().await;
    let p = create(&broker, NewTopic::new(fresh("grouped"), 3)).await;
    fill(&broker, &p, 0..10).await;
    let group = format!("{}-group", p.topic);
    assert_eq!(found(&broker, &group).await, None);
    assert_eq!(broker.committed(group.clone()).await.unwrap(), Vec::new());

    let address = cluster().await.address();
    let (name, topic) = (group.clone(), p.topic.to_string());
    let join = move || {
        let member = member(address, &name, &topic);
        until_owns(&member, 3);
        let mut commit = TopicPartitionList::new();
        commit.add_partition_offset(&topic, 0, rdkafka::Offset::Offset(4)).unwrap();
        commit.find_partition(&topic, 0).unwrap().set_metadata("naïve");
        member.commit(&commit, CommitMode::Sync).unwrap();
        member
    };
    let member = within(tokio::task::spawn_blocking(join)).await.unwrap();
    let info = found(&broker, &group).await.unwrap();
    let all: Vec<_> = (0..3).map(|n| TopicPartition::new(p.topic.clone(), Partition(n))).collect();
    assert_eq!(info.members.len(), 1);
    assert_eq!(info.members[0].partitions, all);
    assert_eq!(info.generation, None);

    tokio::task::spawn_blocking(move || drop(member)).await.unwrap();
    assert_eq!(found(&broker, &group).await.unwrap().members, Vec::new());
    let committed = broker.committed(group.clone()).await.unwrap();
    assert_eq!(committed.len(), 1);
    assert_eq!(committed[0].0, p);
    assert_eq!((committed[0].1.offset.0, committed[0].1.metadata.as_str()), (4, "naïve"));
    let lag = broker.lag(group, p.topic.clone()).await.unwrap();
    assert_eq!(lag.iter().map(|row| row.lag).collect::<Vec<_>>(), [6, 0, 0]);
}

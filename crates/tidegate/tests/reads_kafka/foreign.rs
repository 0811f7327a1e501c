//! What other programs do to the same cluster.

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, AlterConfig, ResourceSpecifier};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use tidegate::message::TopicPartition;

use super::{PATIENCE, cluster};

async fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", cluster().await.address());
    config
}

async fn admin() -> AdminClient<DefaultClientContext> {
    config().await.create().unwrap()
}

fn options() -> AdminOptions {
    AdminOptions::new().operation_timeout(Some(PATIENCE))
}

pub(crate) async fn delete_topic(partition: &TopicPartition) {
    let admin = admin().await;
    admin.delete_topics(&[partition.topic.as_str()], &options()).await.unwrap().remove(0).unwrap();
}

pub(crate) async fn set_limit(partition: &TopicPartition, bytes: usize) {
    let bytes = bytes.to_string();
    let change = AlterConfig::new(ResourceSpecifier::Topic(partition.topic.as_str()))
        .set("max.message.bytes", &bytes);
    admin().await.alter_configs([&change], &options()).await.unwrap().remove(0).unwrap();
}

/// One record in a transaction, which is committed or not. Its marker takes an offset either way.
pub(crate) async fn transaction(partition: &TopicPartition, commits: bool) {
    let (mut config, partition) = (config().await, partition.clone());
    config.set("transactional.id", format!("{partition}-{commits}"));
    let transact = move || {
        let producer: BaseProducer = config.create().unwrap();
        producer.init_transactions(PATIENCE).unwrap();
        producer.begin_transaction().unwrap();
        let record = BaseRecord::<[u8], _>::to(partition.topic.as_str()).payload("transaction");
        producer.send(record.partition(partition.partition.0 as i32)).map_err(|e| e.0).unwrap();
        producer.flush(PATIENCE).unwrap();
        if commits {
            producer.commit_transaction(PATIENCE).unwrap();
        } else {
            producer.abort_transaction(PATIENCE).unwrap();
        }
    };
    tokio::task::spawn_blocking(transact).await.unwrap();
}

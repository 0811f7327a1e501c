//! A batch that is damaged.

use tidegate::broker::{BrokerError, FetchLimit};
use tidegate::message::Offset;
use tidegate::testing::sim::Process;

use crate::rig::{Rig, SOON, at};

/// Rule 6: its records and those behind them are not delivered until it is mended; another partition flows on.
#[tokio::test(start_paused = true)]
async fn nothing_behind_a_corrupt_batch_is_delivered_until_it_is_mended() {
    let rig = Rig::new(2).await;
    for value in ["a", "b", "c", "d"] {
        rig.publish(0, 0, value).await.unwrap();
    }
    rig.log.corrupt(&at(0), Offset(1)..Offset(3));
    let mut member = rig.join(1).await;
    member.turns(SOON).await;
    rig.publish(0, 1, "other").await.unwrap();
    rig.publish(0, 0, "e").await.unwrap();
    member.turns(SOON).await;
    assert_eq!(member.values, ["a", "other"]);
    assert_eq!(member.seen, ["assigned [0, 1]", "corrupt from 1"]);
    rig.log.mend(&at(0));
    member.turns(SOON).await;
    assert_eq!(member.values, ["a", "other", "b", "c", "d", "e"]);
    assert_eq!(member.seen[2..], ["readable [0]"]);
}

/// Who starts behind it does not meet it.
#[tokio::test(start_paused = true)]
async fn who_starts_behind_a_corrupt_batch_reads_on_there() {
    let rig = Rig::new(1).await;
    for value in ["a", "b", "c"] {
        rig.publish(0, 0, value).await.unwrap();
    }
    rig.log.corrupt(&at(0), Offset(1)..Offset(2));
    let mut member = rig.join(1).await;
    member.turns(SOON).await;
    member.consumer.start(&at(0), Offset(2));
    member.turns(SOON).await;
    assert_eq!(member.values, ["a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn a_direct_read_ends_before_a_corrupt_batch_and_is_an_error_there() {
    let rig = Rig::new(1).await;
    for value in ["a", "b", "c"] {
        rig.publish(0, 0, value).await.unwrap();
    }
    rig.log.corrupt(&at(0), Offset(1)..Offset(2));
    let broker = rig.log.broker(Process(0));
    let read = async |from| broker.fetch(at(0), Offset(from), FetchLimit::default()).await;
    let before = read(0).await.unwrap();
    assert_eq!((before.records.len(), before.next), (1, Offset(1)));
    let corrupt = read(1).await;
    assert!(matches!(corrupt, Err(BrokerError::Corrupt { offset: Offset(1), .. })), "{corrupt:?}");
    assert_eq!(read(2).await.unwrap().records.len(), 1);
}

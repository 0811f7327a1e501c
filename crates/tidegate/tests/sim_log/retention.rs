//! Retention that deletes what a member has not read.

use tidegate::broker::{GroupEvent, Watermarks};
use tidegate::message::Offset;

use crate::rig::{GROUP, Rig, SOON, at};

#[tokio::test(start_paused = true)]
async fn who_reads_on_below_the_start_is_told_and_not_moved() {
    let rig = Rig::new(1).await;
    let mut member = rig.join(1).await;
    for value in ["a", "b", "c"] {
        rig.publish(0, 0, value).await.unwrap();
    }
    assert!(member.turn(SOON).await, "assigned");
    rig.log.delete(&at(0), Offset(2));
    let bounds = Watermarks { start: Offset(2), end: Offset(3) };
    assert_eq!(rig.log.bounds(&at(0)), Some(bounds));
    match member.consumer.poll().await {
        GroupEvent::OutOfRange { position, watermarks, .. } => {
            assert_eq!((position, watermarks), (Offset(0), bounds));
        }
        other => panic!("{other:?}"),
    }
    assert!(!member.turn(SOON).await, "nothing is delivered until it is started again");
    member.consumer.start(&at(0), Offset(2));
    assert!(member.turn(SOON).await);
    assert_eq!(member.values, ["c"]);
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_is_not_missed() {
    let rig = Rig::new(1).await;
    let mut member = rig.join(1).await;
    rig.publish(0, 0, "a").await.unwrap();
    member.turns(SOON).await;
    rig.log.delete(&at(0), Offset(1));
    rig.publish(0, 0, "b").await.unwrap();
    member.turns(SOON).await;
    assert_eq!(member.values, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn an_operator_commits_for_the_group() {
    let rig = Rig::new(1).await;
    rig.log.reset(GROUP, &at(0), Offset(7));
    assert_eq!(rig.committed(0), Some(7));
    rig.log.delete(&at(0), Offset(1)); // behind the end
    assert_eq!(rig.log.bounds(&at(0)).unwrap().start, Offset(0));
}

//! Orders that wait in the retry topic, past a kill of everything.

use std::path::Path;

use crate::harness::{INTERVAL, Setup};

fn setup(folder: &Path) -> Setup {
    let setup = Setup::up(folder).variable("RETRY_INITIAL_INTERVAL", INTERVAL);
    setup.variable("RETRY_MAX_INTERVAL", INTERVAL)
}

#[tokio::test]
async fn orders_wait_in_the_retry_topic_past_a_kill_and_their_cancellations_behind_them() {
    let folder = tempfile::tempdir().unwrap();
    let up = setup(folder.path()).ready().await;
    let placed = up.cancelled_while_failing().await;
    up.kill().await;

    let again = setup(folder.path()).ready().await;
    assert!(again.restored().await > 0, "nothing has come with the schedule");
    again.completed_then_cancelled(&placed).await;
    again.end().await;
}

//! Sees orders complete: tails the read model's history, as soon as a transaction is visible.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Row, SqliteConnection};

const POLL: Duration = Duration::from_millis(1);
const COMPLETED: &str =
    "select id, order_id from order_history where id > ? and status = 'completed' order by id";

/// Orders that completed since the start, and when they were seen.
pub(crate) struct Watch {
    seen: Receiver<(String, Instant)>,
}

impl Watch {
    /// Begins behind what is there already.
    pub(crate) fn start(database: &Path) -> Self {
        let (sender, seen) = channel();
        let (ready, is_ready) = channel();
        let database = database.to_owned();
        thread::spawn(move || tail(database, &ready, &sender));
        is_ready.recv().expect("the watch can read the database");
        Self { seen }
    }

    /// Waits until so many orders were seen.
    pub(crate) fn until(self, count: usize, patience: Duration) -> HashMap<String, Instant> {
        let deadline = Instant::now() + patience;
        let mut orders = HashMap::with_capacity(count);
        while orders.len() < count {
            let left = deadline.saturating_duration_since(Instant::now());
            let next = self.seen.recv_timeout(left);
            assert!(next.is_ok(), "{} of {count} orders completed", orders.len());
            orders.extend(next);
        }
        orders
    }
}

/// Ends with the watch, when nobody listens any more.
fn tail(database: PathBuf, ready: &Sender<()>, seen: &Sender<(String, Instant)>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a thread and a poller").block_on(async move {
        let options = SqliteConnectOptions::new().filename(database).read_only(true);
        let mut connection = options.connect().await.expect("the read model");
        let mut last = end(&mut connection).await;
        ready.send(()).expect("the starter waits");
        loop {
            let rows = sqlx::query(COMPLETED).bind(last).fetch_all(&mut connection).await;
            let now = Instant::now();
            for row in rows.expect("the read model can be read") {
                last = row.get("id");
                if seen.send((row.get("order_id"), now)).is_err() {
                    return connection.close().await.expect("a read-only connection");
                }
            }
            tokio::time::sleep(POLL).await;
        }
    });
}

async fn end(connection: &mut SqliteConnection) -> i64 {
    let query = sqlx::query_scalar("select coalesce(max(id), 0) from order_history");
    query.fetch_one(connection).await.expect("the read model's tables")
}

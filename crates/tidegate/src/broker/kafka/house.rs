//! The thread that keeps the clients alive which nobody polls while there is nothing to ask.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::ClientContext;
use rdkafka::client::OAuthToken;
use rdkafka::consumer::Consumer as _;

use super::cluster::Cluster;
use super::ffi;
use super::groups::Watcher;
use super::rescue::Rescue;

/// How long one look at the asking client's events takes.
const EVENTS: Duration = Duration::from_millis(100);

/// Between two tries to get a token.
const NO_TOKEN: Duration = Duration::from_secs(5);

/// Serves the events of clients (log lines, troubles, tokens) until nobody else has the cluster. To destroy a client
/// blocks: so this thread is the last one to let go of them.
pub(super) fn keep(cluster: Arc<Cluster>) -> std::io::Result<()> {
    let serve = move || {
        let (mut asking, mut admin) =
            (Rescue::new(&cluster.options), Rescue::new(&cluster.options));
        let mut due = cluster.options.tokens.is_some().then(Instant::now);
        while Arc::strong_count(&cluster) > 1 {
            // The client has no partitions: what comes are events, which its context hears of.
            let _ = cluster.asking.poll(EVENTS);
            asking.tend(cluster.asking.client());
            admin.tend(cluster.admin.inner());
            cluster.watchers.each(Watcher::serve);
            cluster.readers.tidy();
            cluster.followers.tidy();
            cluster.watchers.tidy();
            if due.is_some_and(|due| Instant::now() >= due) {
                due = Instant::now().checked_add(give_token(&cluster));
            }
        }
    };
    std::thread::Builder::new().name("tidegate-kafka-house".into()).spawn(serve).map(drop)
}

/// The administering client cannot ask for a token: it is given one. Answers with how long that will do.
fn give_token(cluster: &Cluster) -> Duration {
    // Its own line says why there is none.
    let Ok(token) = cluster.told().generate_oauth_token(None) else { return NO_TOKEN };
    match ffi::set_token(cluster.admin.inner(), &token) {
        Ok(()) => four_fifths_of(&token),
        Err(code) => {
            tracing::warn!(%code, "the client does not take the OAUTHBEARER token");
            cluster.troubles.note(format!("the OAUTHBEARER token is refused: {code}"));
            NO_TOKEN
        }
    }
}

fn four_fifths_of(token: &OAuthToken) -> Duration {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let expires = Duration::from_millis(u64::try_from(token.lifetime_ms).unwrap_or(0));
    let left = expires.saturating_sub(now.unwrap_or_default());
    (left / 5 * 4).max(Duration::from_secs(1))
}

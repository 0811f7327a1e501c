//! Free ports that no other test is given, in this process or in another.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the range from which systems take the ports of outgoing connections. A port from that range could be taken
/// by any connection while a test has its server down, even by a client's own attempt to reach that server.
const RANGE: Range<u16> = 20_000..32_000;

/// Neighbouring ports that are ours until this is dropped.
#[derive(Debug)]
pub(crate) struct Ports {
    pub(crate) first: u16,
    /// The system gives a lock back when its process ends, however it ends.
    _locks: Vec<File>,
}

/// Where the search goes on; it begins somewhere else in each process.
static NEXT: AtomicU16 = AtomicU16::new(0);

/// So many free ports in a row.
///
/// # Panics
/// When there are none.
pub(crate) fn take(count: u16) -> Ports {
    let blocks = (RANGE.end - RANGE.start) / count;
    let begin = (process::id() % u32::from(blocks)) as u16;
    for _ in 0..blocks {
        let step = NEXT.fetch_add(1, Ordering::Relaxed) % blocks;
        let first = RANGE.start + (begin + step) % blocks * count;
        let locks: Vec<_> = (first..first + count).map_while(lock).collect();
        if locks.len() == usize::from(count) {
            return Ports { first, _locks: locks };
        }
    }
    panic!("no {count} free ports in a row between {} and {}", RANGE.start, RANGE.end);
}

/// The lock on a port that nobody listens on; `None` when it is taken.
fn lock(port: u16) -> Option<File> {
    let folder = folder();
    fs::create_dir_all(&folder).expect("a folder for temporary files that can be written");
    let file = File::create(folder.join(port.to_string())).ok()?;
    file.try_lock().ok()?;
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok().then_some(file)
}

/// A folder for each user: nobody can write into another's.
fn folder() -> PathBuf {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let made = || {
        let mine = tempfile::tempfile().and_then(|file| file.metadata());
        let user = mine.expect("a folder for temporary files that can be written").uid();
        std::env::temp_dir().join(format!("tidegate-test-ports-{user}"))
    };
    FOLDER.get_or_init(made).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_port_is_given_twice_while_it_is_held() {
        let held: Vec<_> = (0..20).map(|n| (n % 3 + 1, take(n % 3 + 1))).collect();
        let mut all: Vec<u16> = held.iter().flat_map(|(n, p)| p.first..p.first + n).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn a_port_that_someone_listens_on_is_not_given() {
        let port = take(1).first;
        let _listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
        assert!(lock(port).is_none());
    }
}

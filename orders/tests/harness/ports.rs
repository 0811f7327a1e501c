//! Four ports in a row that nobody uses: below the range that the system gives to outgoing connections.

use std::net::TcpListener;
use std::sync::atomic::{AtomicU16, Ordering};

const FIRST: u16 = 20_000;
const LAST: u16 = 32_000;

/// Tests of one process count on; processes start at different places.
static NEXT: AtomicU16 = AtomicU16::new(0);

pub(crate) fn four_free_ports() -> u16 {
    let rows = (LAST - FIRST) / 4;
    let start = u16::try_from(std::process::id() % u32::from(rows)).unwrap();
    for _ in 0..rows {
        let row = (start + NEXT.fetch_add(1, Ordering::Relaxed)) % rows;
        let base = FIRST + row * 4;
        if (base..base + 4).all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
            return base;
        }
    }
    panic!("no four free ports in a row between {FIRST} and {LAST}");
}

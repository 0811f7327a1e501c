//! How much is taken from the client, and what it is told to let go of.

use std::time::Duration;

use super::{Bench, place};
use crate::broker::kafka::member::buffer::Marks;

/// rule 14: a full buffer is not read into, with hysteresis, and the client is never told to hold it: it would forget what
/// it has read ahead. The thread polls on.
#[test]
fn a_full_buffer_is_left_alone_until_there_is_room() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    let room =
        |bench: &mut Bench| bench.state.open(bench.now).first().map(|(_, room)| room.records);
    bench.keep(&p, 0..3);
    assert_eq!(room(&mut bench), Some(1), "two polls fit");
    bench.keep(&p, 3..5);
    assert_eq!(room(&mut bench), None);
    assert_eq!(bench.records().len(), 2);
    assert_eq!(room(&mut bench), None, "not yet");
    bench.state.busy = false;
    assert_eq!(bench.records().len(), 2);
    assert!(bench.state.busy, "the poll thread is told");
    assert_eq!(room(&mut bench), Some(3));
    let turn = bench.state.turn(bench.now);
    assert!(turn.hold.is_empty() && turn.release.is_empty());
}

/// I6: a buffer that stays full pins whole answers of the broker in the client's queue, so that the client is told to let go
/// of them; and to go on as soon as there is room, also when nothing else moves.
#[test]
fn a_buffer_that_stays_full_is_held_until_there_is_room() {
    let (mut bench, p) = (Bench::new(), place(0));
    let grant = bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..4);
    assert!(bench.state.open(bench.now).is_empty(), "full");
    bench.now += Duration::from_secs(1);
    bench.state.open(bench.now);
    assert!(bench.state.busy, "a turn is due, though nothing came");
    assert_eq!(bench.state.turn(bench.now).hold, std::slice::from_ref(&p));
    assert_eq!(
        bench.state.open(bench.now).len(),
        1,
        "what the client has dropped is taken from it"
    );
    assert_eq!(bench.state.turn(bench.now).release, []);
    assert_eq!((bench.records().len(), bench.records().len()), (2, 2));
    assert!(bench.state.busy, "the poll thread is told");
    let turn = bench.state.turn(bench.now);
    assert_eq!(turn.release, std::slice::from_ref(&p));
    assert_eq!(turn.released, [(p.clone(), grant)], "an error of its position may be gone");
    bench.keep(&p, 4..6);
    assert_eq!(bench.records(), [4, 5], "it goes on where it was");
}

/// A handler that is slow and gets on: what the client has read ahead is not thrown away over it.
#[test]
fn a_full_buffer_of_which_something_is_taken_is_not_held() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..4);
    bench.state.open(bench.now);
    bench.now += Duration::from_millis(600);
    assert_eq!(bench.records().len(), 2);
    bench.state.open(bench.now);
    bench.now += Duration::from_millis(600);
    assert_eq!(bench.holds(), 0, "it moved 0.6 s ago");
    bench.now += Duration::from_millis(400);
    assert_eq!(bench.holds(), 1, "it has stood for a second");
}

/// What is let go has to be fetched again: the next time it is kept for twice as long.
#[test]
fn each_hold_comes_later_than_the_last() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    let (mut next, mut left) = (0, 0);
    for stands in [1, 2, 4] {
        bench.keep(&p, next..next + 5 - left);
        next += 5 - left;
        bench.state.open(bench.now);
        bench.now += Duration::from_secs(stands) - Duration::from_millis(1);
        assert_eq!(bench.holds(), 0, "not before {stands} s");
        bench.now += Duration::from_millis(1);
        assert_eq!(bench.holds(), 1, "after {stands} s");
        assert_eq!(bench.records().len() + bench.records().len(), 4);
        left = 1;
        assert_eq!(bench.state.turn(bench.now).release.len(), 1);
    }
}

/// The same, when the room is seen before the turn: nothing is left held.
#[test]
fn room_that_is_seen_late_ends_the_hold_as_well() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    bench.running(&p, 0);
    bench.keep(&p, 0..4);
    bench.state.open(bench.now);
    bench.now += Duration::from_secs(1);
    bench.state.open(bench.now);
    assert_eq!(bench.state.turn(bench.now).hold.len(), 1);
    let _ = (bench.records(), bench.records());
    bench.state.open(bench.now);
    assert_eq!(bench.state.turn(bench.now).release.len(), 1);
}

/// What has not been started is taken and not kept: an error of it is heard. What is given back is left where it is.
#[test]
fn what_does_not_run_is_taken_and_not_kept() {
    let (mut bench, p) = (Bench::new(), place(0));
    bench.told(&p);
    assert_eq!(bench.state.open(bench.now).len(), 1, "not started");
    bench.keep(&p, 0..2);
    bench.running(&p, 0);
    assert_eq!(bench.state.open(bench.now).len(), 1);
    bench.state.revoking(std::slice::from_ref(&p), Duration::from_secs(1));
    assert!(bench.state.open(bench.now).is_empty(), "being given back");
}

/// I6: many partitions share what one member may buffer.
#[test]
fn what_is_buffered_does_not_grow_with_the_partitions() {
    let mut bench = Bench::new();
    let all: Vec<_> = (0..256).map(place).collect();
    bench.state.granted(all.clone());
    let Marks { full, low } = bench.state.marks();
    assert!(full.bytes * all.len() <= 16 << 20, "{full:?}");
    assert!(low.bytes < full.bytes && low.bytes > 0, "{low:?}");
    let few = Bench::new().state.marks().full;
    assert_eq!(few.bytes, 2 << 20, "two polls of a MiB");
}

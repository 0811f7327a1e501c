//! Panics that are a world's own way to find something out: the verdict tells of them, and nobody else.

use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::Once;

/// What tokio panics with where a handler opens a socket in a world.
pub(super) const NO_IO: &str = "IO is disabled";

std::thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static IN_A_WORLD: Cell<bool> = const { Cell::new(false) };
}

/// From now on such panics print nothing; all others print what they always did.
pub(super) fn install() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if !is_told_elsewhere(panic) {
                before(panic);
            }
        }));
    });
}

fn is_told_elsewhere(panic: &PanicHookInfo<'_>) -> bool {
    let refused = || panic.payload_as_str().is_some_and(|text| text.contains(NO_IO));
    QUIET.get() || IN_A_WORLD.get() && refused()
}

/// What panics in there says so by its result.
pub(super) fn quietly<T>(run: impl FnOnce() -> T) -> T {
    with(&QUIET, run)
}

/// A world runs on this thread.
pub(super) fn in_a_world<T>(run: impl FnOnce() -> T) -> T {
    with(&IN_A_WORLD, run)
}

fn with<T>(flag: &'static std::thread::LocalKey<Cell<bool>>, run: impl FnOnce() -> T) -> T {
    let before = flag.replace(true);
    let result = run();
    flag.set(before);
    result
}

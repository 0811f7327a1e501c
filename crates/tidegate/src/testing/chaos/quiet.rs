//! Panics that are a world's own way to find something out: the verdict tells of them, and nobody else.

use std::any::Any;
use std::cell::Cell;
use std::panic::PanicHookInfo;
use std::sync::Once;

/// What tokio panics with where a handler opens a socket in a world.
const NO_IO: &str = "IO is disabled";

std::thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    static IN_A_WORLD: Cell<bool> = const { Cell::new(false) };
}

/// Whether a handler panicked because there is no I/O in a world.
pub(super) fn asked_for_io(panic: &(dyn Any + Send)) -> bool {
    text(panic).is_some_and(|text| text.contains(NO_IO))
}

/// What a panic says, where it is a text.
pub(super) fn text(panic: &(dyn Any + Send)) -> Option<&str> {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
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
    QUIET.get() || IN_A_WORLD.get() && asked_for_io(panic.payload())
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

//! Logs: to stderr, as JSON lines when it is no terminal, for people when it is one.
//!
//! ```text
//!  event ─▶ filter (LOG_LEVEL, changeable) ─▶ limiter (repeats are counted) ─▶ line: event, trace, spans ─▶ stderr
//!                    ▲ back by itself            │ summed up                                                  ▲
//!                    └────────── keeper, once a second ──────────────────────────────────────────────────────┘
//! ```
//!
//! The fields are in `docs/logs.md`, and its tests look whether real lines have them. Payloads, keys and secrets are not logged
//! (I8; test `what_is_planted_is_found_nowhere`).

mod apart;
mod filters;
mod keeper;
mod levels;
mod limiter;
mod line;
mod repeats;
mod style;
#[cfg(test)]
mod tests;

use std::any::Any;
use std::io::IsTerminal;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use tracing::{Span, error_span};
use tracing_subscriber::fmt::format::JsonFields;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Registry, fmt, registry, reload};

pub use filters::check_filter;
use keeper::Keeper;
pub use levels::{GoesBack, Levels, Shown};
use limiter::{Clock, Limiter};
use style::{Reader, Style};

/// The log of this process, once it was started.
static KEEPER: OnceLock<Keeper> = OnceLock::new();

/// Starts logging, once. `filter` is `LOG_LEVEL`; `service` is the name of lines that belong to no service.
/// A panic becomes one line too, instead of a stack on stderr.
///
/// # Panics
/// On a filter that [`check_filter`] refuses.
pub fn init(filter: &str, service: &str) {
    let reader = match std::io::stderr().is_terminal() {
        true => Reader::Person { colours: std::env::var_os("NO_COLOR").is_none() },
        false => Reader::Program,
    };
    let (style, began) = (Style::new(reader, service), Instant::now());
    let clock: Clock = Arc::new(move || began.elapsed());
    let limiter = Limiter::new(clock.clone());
    let checked = filters::parse(filter).expect("the settings were checked");
    let (filtering, handle) = reload::Layer::new(checked);
    let lines = fmt::layer()
        .fmt_fields(JsonFields::new())
        .event_format(style.clone())
        .with_writer(std::io::stderr);
    if registry().with(filtering).with(limiter.clone()).with(lines).try_init().is_err() {
        return;
    }
    std::panic::set_hook(Box::new(panicked));
    let levels = Arc::new(Levels::new(filter, apply(handle), clock));
    let keeper = KEEPER.get_or_init(|| Keeper { limiter, levels, style });
    keeper.clone().start();
}

/// The span of a service, which all its lines are in: `set` is `SERVICE_NAME`, and stands in the place of its own name.
pub(crate) fn of_service(set: Option<&str>, own: &str) -> Span {
    error_span!("service", service = set.unwrap_or(own))
}

fn apply(handle: reload::Handle<EnvFilter, Registry>) -> levels::Apply {
    Box::new(move |filter| {
        handle.reload(filters::parse(filter)?).map_err(|error| error.to_string())
    })
}

/// The filter of this process's log, where it was started.
#[must_use]
pub fn levels() -> Option<Arc<Levels>> {
    KEEPER.get().map(|keeper| keeper.levels.clone())
}

/// Writes what was held back. At the end of the process.
pub fn finish() {
    if let Some(keeper) = KEEPER.get() {
        keeper.finish();
    }
}

/// Of the text only a literal is shown: one that was put together may hold what was worked on.
fn literal(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("not shown: it may hold data")
}

fn panicked(panic: &std::panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tell_panic(literal(panic.payload()), &place);
}

fn tell_panic(payload: &str, place: &str) {
    tracing::error!(payload, place, "a panic");
}

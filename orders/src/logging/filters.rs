//! What filters can say: a level, and levels by target.
//!
//! ```text
//!  info,tidegate=debug,orders::producer=trace  ─▶ checked ─▶ EnvFilter, and always: orders::audit::record=info
//! ```
//!
//! [`EnvFilter`] could do more: look at spans, and at the values of their fields. Those it compiles as regular expressions,
//! at once and without a bound, so that one short filter takes all memory. Filters come in over HTTP: that part of them is refused
//! here, and is no regular expression should it get further.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::Builder;

use crate::audit::RECORDS;

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// The longest filter, in bytes. That bounds its directives too.
const MOST: usize = 1_024;

/// Whether this is a filter that [`init`](super::init) takes: a level, or directives such as `info,orders=debug`.
///
/// # Errors
/// What is wrong with it.
pub fn check_filter(filter: &str) -> Result<String, String> {
    let Some(reason) = wrong(filter) else { return Ok(filter.to_owned()) };
    let shown = if filter.len() > MOST { "this" } else { &format!("{filter:?}") };
    Err(format!(
        "{shown} is no filter for logs ({reason}): use error, warn, info, debug or trace, or levels by target, such as info,orders=debug"
    ))
}

/// The filter, with the one exception to it: an audit record that is nowhere else is written.
pub(super) fn parse(filter: &str) -> Result<EnvFilter, String> {
    check_filter(filter)?;
    // Of two directives for one target the last one counts.
    let all = format!("{filter},{RECORDS}=info");
    reading().parse(all).map_err(|error| error.to_string())
}

/// Never [`EnvFilter::new`] or its like: they take regular expressions.
fn reading() -> Builder {
    EnvFilter::builder().with_regex(false)
}

fn wrong(filter: &str) -> Option<String> {
    if filter.len() > MOST {
        return Some(format!("more than {MOST} bytes"));
    }
    filter.split(',').find_map(wrong_directive)
}

/// `level`, or `target=level`.
fn wrong_directive(directive: &str) -> Option<String> {
    let (target, level) = match directive.split_once('=') {
        Some((target, level)) => (Some(target), level),
        None => (None, directive),
    };
    if target.is_some_and(|target| !is_target(target)) {
        return Some("a target is the name of a module".to_owned());
    }
    let is_level = LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known));
    (!is_level).then(|| "no level".to_owned())
}

/// The names that targets have. No blanks either: they would be part of a name that nothing has.
fn is_target(text: &str) -> bool {
    let begins = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    begins && text.chars().all(|c| c.is_ascii_alphanumeric() || "_:-./".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_levels_or_levels_by_target() {
        for right in ["info", "DEBUG", "off", "warn,orders=debug", "orders::producer=trace,h2=OFF"]
        {
            assert!(check_filter(right).is_ok(), "{right}");
            assert!(parse(right).is_ok(), "{right}");
        }
        let of_the_longest = format!("{}=info", "x".repeat(MOST - 5));
        assert!(check_filter(&of_the_longest).is_ok());
        let longer = format!("x{of_the_longest}");
        for wrong in [
            "",
            ",",
            "loud",
            "info,",
            "info,loud",
            "orders=loud",
            "orders=3",
            "orders=",
            "=,=",
            "=info",
            "info, orders=debug",
            "\u{a0}é=info",
            "a=b=info",
            &longer,
        ] {
            let error = check_filter(wrong).unwrap_err();
            assert!(error.len() < 300, "{error}");
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    /// With 27 of its last part instead of three, the first one would take all memory.
    #[test]
    fn a_filter_by_spans_or_their_fields_is_refused_and_never_compiled() {
        let regex = "[{a=(x|y)*x(x|y)(x|y)(x|y)}]=info";
        for wrong in
            [regex, "orders[{a=x}]=info", "[request]=debug", "orders[request]", "a{b}=info"]
        {
            assert!(check_filter(wrong).is_err(), "{wrong}");
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(reading().parse("[{a=(}]=info").is_ok(), "text, and no regular expression");
    }
}

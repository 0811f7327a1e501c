//! The producer's trace context, kept beside whatever a replay has put in its place (rules 32, 41).
//!
//! ```text
//!   letter   x  traceparent  y  tracestate
//!   replay   x  another      y  another     ...   tidegate-origin-trace: traceparent@1 tracestate@3
//!                                                 tidegate-origin-traceparent, tidegate-origin-tracestate: one for each of them
//! ```
//!
//! Every replay has it: who makes the replay does not know whether its publisher, or a proxy behind it, is going to replace the
//! context. Values may be null, malformed, or there several times; they are copied, and not read.

use crate::headers::{Header, Headers, names};

/// The producer's header, and the one that keeps its value.
const KEPT: [(&str, &str); 2] = [
    (names::TRACEPARENT, names::ORIGIN_TRACEPARENT),
    (names::TRACESTATE, names::ORIGIN_TRACESTATE),
];

/// Says in the replay's headers what the producer's trace context was, and where it stood.
pub(super) fn keep(producers: &Headers, replay: &mut Headers) {
    let mut places = Vec::new();
    for (at, header) in producers.iter().enumerate() {
        let kept = KEPT.iter().find(|(name, _)| header.name.as_str() == *name);
        if let Some((name, kept)) = kept {
            places.push(format!("{name}@{at}"));
            replay.push_raw(Header { name: (*kept).into(), value: header.value.clone() });
        }
    }
    replay.push(names::ORIGIN_TRACE, places.join(" "));
}

/// The producer's headers with the trace context that was kept, where it stood; as they are when none was, or none can be read.
pub(super) fn restore(replay: &Headers, producers: Headers) -> Headers {
    let Some(kept) = kept(replay) else { return producers };
    let is_trace = |header: &&Header| KEPT.iter().any(|(name, _)| header.name.as_str() == *name);
    let mut others = producers.iter().filter(|header| !is_trace(header)).cloned();
    let mut restored = Vec::with_capacity(producers.len());
    for (at, header) in kept {
        let before = at.saturating_sub(restored.len());
        restored.extend(others.by_ref().take(before));
        restored.push(header);
    }
    restored.into_iter().chain(others).collect()
}

/// Where each stood, in order. `None` when nothing says so, or not in full.
fn kept(replay: &Headers) -> Option<Vec<(usize, Header)>> {
    let values = |kept: &'static str| replay.iter().filter(move |h| h.name.as_str() == kept);
    let mut all = KEPT.map(|(name, kept)| (name, values(kept)));
    let places = replay.text(names::ORIGIN_TRACE)?.split_whitespace();
    places
        .map(|place| {
            let (named, at) = place.split_once('@')?;
            let (name, values) = all.iter_mut().find(|(name, _)| *name == named)?;
            let value = values.next()?.value.clone();
            Some((at.parse().ok()?, Header { name: (*name).into(), value }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn any_headers() -> impl Strategy<Value = Headers> {
        let names = prop::sample::select(vec![names::TRACEPARENT, names::TRACESTATE, "x", "y"]);
        let value = proptest::option::of(any::<Vec<u8>>().prop_map(Bytes::from));
        let header = (names, value).prop_map(|(name, value)| Header { name: name.into(), value });
        proptest::collection::vec(header, 0..8).prop_map(|all| all.into_iter().collect())
    }

    proptest! {
        #[test]
        fn whatever_was_put_in_its_place_the_producers_context_comes_back(
            producers in any_headers(), replaced in prop::bool::ANY, removed in prop::bool::ANY,
        ) {
            let mut kept = Headers::new();
            keep(&producers, &mut kept);
            let mut given = producers.clone();
            if replaced {
                given.replace(names::TRACEPARENT, "another");
            }
            if removed {
                given.remove(names::TRACESTATE);
            }
            prop_assert_eq!(restore(&kept, given), producers);
        }

        #[test]
        fn what_cannot_be_read_changes_nothing(producers in any_headers(), says in any::<String>()) {
            let mut kept = Headers::new();
            kept.push(names::ORIGIN_TRACE, format!("{says}?"));
            prop_assert_eq!(restore(&kept, producers.clone()), producers);
        }
    }

    #[test]
    fn places_beyond_the_end_are_the_end() {
        let mut kept = Headers::new();
        kept.push(names::ORIGIN_TRACEPARENT, "a");
        kept.push(names::ORIGIN_TRACE, format!("traceparent@{}", usize::MAX));
        let mut producers = Headers::new();
        producers.push("x", "1");
        let mut expected = producers.clone();
        expected.push(names::TRACEPARENT, "a");
        assert_eq!(restore(&kept, producers), expected);
    }
}

//! The spans of a trace as an indented tree: name, kind of failure, and what is linked.

use std::fmt::Write;

use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{Span, status};

use super::{Received, hex, text};

/// The trace as text, in order of time. A span without a known parent stands at the margin.
pub(super) fn of(spans: &[Received], trace: &str) -> String {
    let all: Vec<_> = spans.iter().map(|received| &received.span).collect();
    let mut own: Vec<_> = all.iter().copied().filter(|s| hex(&s.trace_id) == trace).collect();
    own.sort_by_key(|span| span.start_time_unix_nano);
    let known = |id: &[u8]| own.iter().any(|span| span.span_id == id);
    let mut tree = String::from("\n");
    for root in own.iter().filter(|span| !known(&span.parent_span_id)) {
        branch(&all, &own, root, 0, &mut tree);
    }
    tree
}

fn branch(all: &[&Span], own: &[&Span], span: &Span, depth: usize, tree: &mut String) {
    let failed = span.status.as_ref().filter(|s| s.code == i32::from(status::StatusCode::Error));
    let failed = failed.map(|status| format!(" !{}", status.message)).unwrap_or_default();
    let links: String = span.links.iter().map(|link| format!(" ~{}", linked(all, link))).collect();
    writeln!(tree, "{:indent$}{}{failed}{links}", "", span.name, indent = depth * 2).unwrap();
    for child in own.iter().filter(|child| child.parent_span_id == span.span_id) {
        branch(all, own, child, depth + 1, tree);
    }
}

fn linked(all: &[&Span], link: &Link) -> String {
    let to = all.iter().find(|span| span.span_id == link.span_id);
    let to = to.map_or("outside", |span| &span.name);
    format!("{}:{to}", text(&link.attributes, "tidegate.link").unwrap_or_default())
}

//! A span for each request: a child of the one that its `traceparent` names.
//!
//! Names: OpenTelemetry's semantic conventions for HTTP, which are stable. Queries and bodies are not in spans.

use axum::Router;
use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, Method};
use axum::middleware::{self, Next};
use axum::response::Response;
use opentelemetry::trace::{
    FutureExt, SpanBuilder, SpanContext, SpanKind, Status, TraceContextExt, Tracer,
};
use opentelemetry::{Context, KeyValue};
use tidegate::telemetry::{names, w3c};

use super::{SPANS, Spans};
use crate::http::{Correlation, known_method};

/// What is asked every few seconds, by machines.
const NOT_TRACED: [&str; 3] = ["/health", "/ready", "/metrics"];

/// Puts spans round the routes, where traces are switched on.
pub fn serve(routes: Router) -> Router {
    match SPANS.get() {
        Some(spans) => {
            let traced = |request, next| traced(spans, request, next);
            routes.layer(middleware::from_fn(traced))
        }
        None => routes,
    }
}

async fn traced(spans: &'static Spans, request: Request, next: Next) -> Response {
    if NOT_TRACED.contains(&request.uri().path()) {
        return next.run(request).await;
    }
    let above = match caller(request.headers()) {
        Some(caller) => Context::new().with_remote_span_context(caller),
        None => Context::new(),
    };
    let span = above.with_span(spans.http.build_with_context(builder(&request), &above));
    let response = next.run(request).with_context(span.clone()).await;
    end(&span, response.status().as_u16());
    response
}

/// More than one `traceparent` says nothing; the parts of a `tracestate` are put together, as W3C wants it.
fn caller(headers: &HeaderMap) -> Option<SpanContext> {
    let mut all = headers.get_all("traceparent").iter();
    let (Some(first), None) = (all.next(), all.next()) else { return None };
    let state = headers.get_all("tracestate").iter().filter_map(|value| value.to_str().ok());
    let state = state.collect::<Vec<_>>().join(",");
    w3c::read(first.to_str().ok()?, Some(&state).filter(|state| !state.is_empty()).map(|s| &**s))
}

fn builder(request: &Request) -> SpanBuilder {
    let method = method(request.method());
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let name = route.as_ref().map_or_else(|| method.to_owned(), |path| format!("{method} {path}"));
    let mut attributes =
        vec![KeyValue::new("http.request.method", method), KeyValue::new("url.scheme", "http")];
    // A path holds ids, as an order's: where there is a route, that stands for it.
    attributes.push(match route {
        Some(route) => KeyValue::new("http.route", route),
        None => KeyValue::new("url.path", path(request)),
    });
    if let Some(correlation) = request.extensions().get::<Correlation>() {
        let id = correlation.as_str().to_owned();
        attributes.push(KeyValue::new(names::CONVERSATION_ID, id));
    }
    SpanBuilder::from_name(name).with_kind(SpanKind::Server).with_attributes(attributes)
}

/// Characters that a span repeats of a path that leads nowhere.
const MOST_OF_PATH: usize = 200;

fn path(request: &Request) -> String {
    request.uri().path().chars().take(MOST_OF_PATH).collect()
}

/// As OpenTelemetry's conventions name them.
pub(super) fn method(method: &Method) -> &'static str {
    known_method(method).unwrap_or("_OTHER")
}

/// What the client did wrong is no error of the service's.
fn end(span: &Context, status: u16) {
    let span = span.span();
    span.set_attribute(KeyValue::new("http.response.status_code", i64::from(status)));
    if status >= 500 {
        span.set_attribute(KeyValue::new(names::ERROR_TYPE, status.to_string()));
        span.set_status(Status::error(status.to_string()));
    }
    span.end();
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(named: &[(&'static str, &str)]) -> HeaderMap {
        let named =
            named.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
        let mut headers = HeaderMap::new();
        named.for_each(|(name, value): (axum::http::HeaderName, _)| {
            headers.append(name, value);
        });
        headers
    }

    #[test]
    fn rule_41_a_caller_is_named_by_exactly_one_traceparent() {
        let caller = caller(&headers(&[("traceparent", GOOD)])).unwrap();
        assert_eq!(caller.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert!(caller.is_remote() && caller.is_sampled());
        for wrong in [&[][..], &[GOOD, GOOD], &["none"], &[""]] {
            let named = wrong.iter().map(|value| ("traceparent", *value)).collect::<Vec<_>>();
            assert_eq!(super::caller(&headers(&named)), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_parts_of_a_tracestate_are_one() {
        let all = [("traceparent", GOOD), ("tracestate", "a=1"), ("tracestate", "b=2,c=3")];
        let caller = caller(&headers(&all)).unwrap();
        let state = caller.trace_state();
        assert_eq!(
            (state.get("a"), state.get("b"), state.get("c")),
            (Some("1"), Some("2"), Some("3"))
        );
    }
}

//! A span for each call of another service, which gets it as `traceparent`.

use opentelemetry::trace::{SpanBuilder, SpanKind, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use reqwest::header::HeaderValue;
use reqwest::{Method, RequestBuilder, Response};
use tidegate::telemetry::{names, w3c};

use super::server::method;
use super::{SPANS, Spans};

/// Sends a request, in a span of its own where traces are switched on. `template` is the path without ids.
///
/// # Errors
/// Those of the request.
pub async fn ask(
    verb: Method,
    template: &'static str,
    request: RequestBuilder,
) -> reqwest::Result<Response> {
    let Some(spans) = SPANS.get() else { return request.send().await };
    let call = Call::start(spans, method(&verb), template);
    let result = call.named_in(request).send().await;
    call.end(&result);
    result
}

/// A call that is under way. Dropped before its end it was cut off.
struct Call {
    span: Context,
    over: bool,
}

impl Call {
    fn start(spans: &Spans, verb: &'static str, template: &'static str) -> Self {
        let builder = SpanBuilder::from_name(format!("{verb} {template}"))
            .with_kind(SpanKind::Client)
            .with_attributes([
                KeyValue::new("http.request.method", verb),
                KeyValue::new("url.template", template),
            ]);
        let current = Context::current();
        let span = current.with_span(spans.http.build_with_context(builder, &current));
        Self { span, over: false }
    }

    fn named_in(&self, request: RequestBuilder) -> RequestBuilder {
        let context = self.span.span().span_context().clone();
        if !context.is_valid() {
            return request;
        }
        let request = request.header("traceparent", w3c::traceparent(&context));
        let state = context.trace_state().header();
        match HeaderValue::from_str(&state) {
            Ok(state) if !state.is_empty() => request.header("tracestate", state),
            _ => request,
        }
    }

    fn end(mut self, result: &reqwest::Result<Response>) {
        match result {
            Ok(response) => {
                let status = response.status();
                let code = i64::from(status.as_u16());
                let span = self.span.span();
                span.set_attribute(KeyValue::new("http.response.status_code", code));
                if status.is_client_error() || status.is_server_error() {
                    self.fail(status.as_str().to_owned());
                }
            }
            Err(error) if error.is_timeout() => self.fail("timeout".to_owned()),
            Err(_) => self.fail("no_answer".to_owned()),
        }
        self.over = true;
        self.span.span().end();
    }

    fn fail(&self, kind: String) {
        let span = self.span.span();
        span.set_attribute(KeyValue::new(names::ERROR_TYPE, kind.clone()));
        span.set_status(Status::error(kind));
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.over {
            self.fail("cut_off".to_owned());
            self.span.span().end();
        }
    }
}

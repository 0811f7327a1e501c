//! A JSON body, with this system's own answers to what is wrong with it.

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;
use tidegate::codec::{Decode, Json as Text};

use super::depth::{MAX_DEPTH, is_too_deep};
use super::{Reply, read};

/// A body that was sent as `application/json` and is a `T`.
///
/// Answers 415 for another content type, 413 over `HTTP_BODY_LIMIT`, 408 when it does not arrive, and 400 when it is
/// not JSON, deeper than 32 levels (found before anything is built), or no `T`.
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Json<T> {
    type Rejection = Reply;

    async fn from_request(request: Request, _: &S) -> Result<Self, Reply> {
        if !is_json(request.headers()) {
            let reason = "must be application/json";
            return Err(Reply::invalid(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Content-Type", reason));
        }
        Self::from_bytes(&read(request).await?)
    }
}

impl<T: DeserializeOwned> Json<T> {
    /// Reads bytes that are known to be sent as JSON.
    ///
    /// # Errors
    /// 400, as [`Json`] says.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Reply> {
        if is_too_deep(bytes) {
            return Err(bad(format!("is nested deeper than {MAX_DEPTH} levels")));
        }
        // The framework's own reader says what and where, and never repeats a value: it may be a secret (I8).
        Text.decode(bytes).map(Self).map_err(|error| bad(format!("cannot be taken: {error}")))
    }
}

fn bad(reason: String) -> Reply {
    Reply::invalid(StatusCode::BAD_REQUEST, "body", reason)
}

/// `application/json`, with or without parameters. JSON is UTF-8 whatever a parameter says.
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        let essence = text.split(';').next().unwrap_or_default().trim();
        essence.eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::testing::{Answer, call, post};
    use axum::Router;
    use axum::body::Body;
    use axum::routing::post as on_post;
    use serde_json::Value;

    async fn ask(request: axum::http::Request<Body>) -> Answer {
        let routes = Router::new().route(
            "/",
            on_post(|Json(body): Json<Vec<Value>>| async move { Reply::ok("got it", &body) }),
        );
        call(&crate::http::service(routes, 100), request).await
    }

    #[tokio::test]
    async fn json_is_taken_whatever_the_parameters() {
        for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
            let mut request = post("/", "[1]");
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
            assert_eq!(ask(request).await.status, 200);
        }
    }

    #[tokio::test]
    async fn another_content_type_is_415() {
        for content_type in ["text/plain", "application/json-seq", ""] {
            let mut request = post("/", "[1]");
            request.headers_mut().insert("content-type", content_type.parse().unwrap());
            ask(request).await.refused(415, "Content-Type");
        }
        let mut request = post("/", "[1]");
        request.headers_mut().remove("content-type");
        ask(request).await.refused(415, "Content-Type");
    }

    #[tokio::test]
    async fn what_is_not_json_or_does_not_fit_is_400() {
        for body in ["", "{", "[1,]", "\u{feff}[1]", "{\"a\":1}", "7"] {
            ask(post("/", body)).await.refused(400, "body");
        }
        ask(post("/", vec![b'[', b'"', 0xff, b'"', b']'])).await.refused(400, "body");
    }

    #[tokio::test]
    async fn an_error_does_not_repeat_what_was_sent() {
        for body in ["\"hunter2\"", "{\"hunter2\":1}", "[hunter2]"] {
            let answer = ask(post("/", body)).await;
            answer.refused(400, "body");
            assert!(!answer.text.contains("hunter2"), "{}", answer.text);
        }
    }

    #[tokio::test]
    async fn deeper_than_32_levels_is_400() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(ask(post("/", nested(32))).await.status, 200);
        ask(post("/", nested(33))).await.refused(400, "body");
    }

    #[tokio::test]
    async fn over_the_limit_is_413_chunked_or_not() {
        let fits = format!("[\"{}\"]", "x".repeat(96));
        assert_eq!(ask(post("/", fits)).await.status, 200);
        let large = format!("[\"{}\"]", "x".repeat(97));
        ask(post("/", large.clone())).await.refused(413, "body");
        let halves: Vec<_> = large.as_bytes().chunks(50).map(<[u8]>::to_vec).collect();
        let chunks = futures_util::stream::iter(halves.into_iter().map(Ok::<_, std::io::Error>));
        ask(post("/", Body::from_stream(chunks))).await.refused(413, "body");
    }

    #[tokio::test]
    async fn a_client_that_waits_for_permission_is_refused_unread() {
        let mut request = post(
            "/",
            Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>()),
        );
        request.headers_mut().insert("content-length", "101".parse().unwrap());
        request.headers_mut().insert("expect", "100-continue".parse().unwrap());
        ask(request).await.refused(413, "body");
    }
}

use std::collections::BTreeSet;
use std::sync::mpsc;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::Request;
use axum::routing::{get as on_get, post as on_post};
use futures_util::FutureExt;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tower::ServiceExt;

use super::*;
use crate::http::testing::{Answer, call, get, post};

fn served(routes: Router) -> Router {
    Exposition::of("test").serve(routes, 100)
}

async fn scraped(routes: &Router) -> String {
    let answer = call(routes, get(PATH)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.text
}

async fn asked(routes: &Router, method: &str, accept: Option<&str>) -> Answer {
    let mut request = Request::builder().method(method).uri(PATH);
    if let Some(accept) = accept {
        request = request.header("accept", accept);
    }
    call(routes, request.body(Body::empty()).unwrap()).await
}

/// The durations that were counted: `method route status`, and how many.
fn durations(text: &str) -> BTreeSet<String> {
    let prefix = "http_server_request_duration_seconds_count{service=\"test\",";
    let lines = text.lines().filter_map(|line| line.strip_prefix(prefix));
    lines.map(|line| line.replace(['}', '"'], "").replace(',', " ")).collect()
}

fn set<const N: usize>(lines: [&str; N]) -> BTreeSet<String> {
    lines.map(str::to_owned).into()
}

#[tokio::test]
async fn both_formats_are_spoken_without_an_envelope() {
    let routes = served(Router::new());
    let answer = asked(&routes, "GET", None).await;
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    assert!(answer.text.contains("# TYPE orders_build_info gauge\n"), "{}", answer.text);
    assert!(answer.text.contains("# HELP orders_build_info 1; which version runs.\n"));
    let answer = asked(&routes, "GET", Some("application/openmetrics-text; version=1.0.0")).await;
    let open = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!(answer.headers["content-type"], open);
    assert!(answer.text.ends_with("\n# EOF\n"), "{}", answer.text);
    for garbage in ["", "x", ";;q=", "application/json", "\t,\t"] {
        let answer = asked(&routes, "GET", Some(garbage)).await;
        assert_eq!(answer.status, 200, "{garbage}");
        assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    }
}

#[tokio::test]
async fn only_reading_is_allowed() {
    let routes = served(Router::new());
    let head = asked(&routes, "HEAD", None).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    assert_eq!(head.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for method in ["POST", "PUT", "DELETE", "BREW"] {
        let answer = asked(&routes, method, None).await;
        answer.refused(405, "method");
        assert_eq!(answer.headers["allow"], "GET,HEAD");
    }
}

#[tokio::test]
async fn requests_are_counted_under_names_that_end() {
    let routes = Router::new()
        .route("/orders/{id}", on_get(|| async { Reply::new(StatusCode::ACCEPTED, "") }))
        .route("/panic", on_post(|| async { unreachable!("as planned") as () }));
    let routes = served(routes);
    for id in ["a", "b", "c"] {
        call(&routes, get(&format!("/orders/{id}"))).await;
    }
    call(&routes, get("/secret/path?card=4111")).await;
    call(&routes, post("/orders/d", "")).await;
    call(&routes, post("/panic", "")).await;
    let invented = |method: &str| Request::builder().method(method).uri("/orders/e");
    for method in ["BREW", "HUNTER2", "HEAD"] {
        call(&routes, invented(method).body(Body::empty()).unwrap()).await;
    }
    let large = Request::get("/orders/f").header("x", "y".repeat(40_000));
    call(&routes, large.body(Body::empty()).unwrap()).await;
    let text = scraped(&routes).await;
    let expected = [
        "method=GET route=/orders/{id} status=202 3",
        "method=GET route=/orders/{id} status=431 1",
        "method=GET route=unmatched status=404 1",
        "method=HEAD route=/orders/{id} status=202 1",
        "method=POST route=/orders/{id} status=405 1",
        "method=POST route=/panic status=500 1",
        "method=other route=/orders/{id} status=405 2",
    ];
    let quoted: BTreeSet<_> =
        durations(&text).iter().map(|line| line.replace("{id", "{id}")).collect();
    assert_eq!(quoted, set(expected), "{text}");
    for invented in ["secret", "4111", "HUNTER2", "BREW"] {
        assert!(!text.contains(invented), "{invented}: {text}");
    }
}

#[tokio::test]
async fn scrapes_do_not_count_themselves() {
    let routes = served(Router::new());
    scraped(&routes).await;
    asked(&routes, "POST", None).await;
    let text = scraped(&routes).await;
    assert_eq!(durations(&text), BTreeSet::new(), "{text}");
    assert!(text.contains("http_server_active_requests{service=\"test\"} 0\n"), "{text}");
}

#[tokio::test]
async fn a_request_is_active_until_it_is_answered_or_given_up() {
    let (begun, release) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (tell, wait) = (begun.clone(), release.clone());
    let held = move || async move {
        tell.notify_one();
        wait.notified().await;
    };
    let routes = served(Router::new().route("/held", on_get(held)));
    let active = async |count: u8| {
        let text = scraped(&routes).await;
        let line = format!("http_server_active_requests{{service=\"test\"}} {count}\n");
        assert!(text.contains(&line), "{text}");
        durations(&text)
    };
    let mut asking = JoinSet::new();
    asking.spawn(routes.clone().oneshot(get("/held")));
    begun.notified().await;
    assert_eq!(active(1).await, BTreeSet::new());
    release.notify_one();
    asking.join_next().await.unwrap().unwrap().unwrap();
    let answered = "method=GET route=/held status=200 1";
    assert_eq!(active(0).await, set([answered]));

    let mut given_up = Box::pin(routes.clone().oneshot(get("/held")));
    assert!(given_up.as_mut().now_or_never().is_none());
    active(1).await;
    drop(given_up);
    assert_eq!(active(0).await, set([answered, "method=GET route=/held status=none 1"]));
}

/// A collector that is as slow as the test wants it.
#[derive(Debug)]
struct Slow {
    begun: mpsc::Sender<()>,
    release: Mutex<mpsc::Receiver<()>>,
}

impl Collector for Slow {
    fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
        let release = self.release.lock().unwrap_or_else(PoisonError::into_inner);
        self.begun.send(()).unwrap();
        release.recv().unwrap();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_scrape_that_is_slow_holds_up_no_request_and_is_the_only_one() {
    let ((begun, begins), (release, releases)) = (mpsc::channel(), mpsc::channel());
    let slow = Slow { begun, release: Mutex::new(releases) };
    let routes = Router::new().route("/work", on_get(|| async { "done" }));
    let routes = Exposition::of("test").with(slow).serve(routes, 100);
    let mut scrapes = JoinSet::new();
    for _ in 0..20 {
        scrapes.spawn(routes.clone().oneshot(get(PATH)));
    }
    let begins = tokio::task::spawn_blocking(move || {
        begins.recv().unwrap();
        begins
    });
    let begins = begins.await.unwrap();

    assert_eq!(call(&routes, get("/work")).await.text, "done");
    tokio::time::advance(PATIENCE).await;
    while let Some(scrape) = scrapes.join_next().await {
        assert_eq!(scrape.unwrap().unwrap().status(), 503);
    }
    assert!(begins.try_recv().is_err(), "two were written at once");
    release.send(()).unwrap();
    release.send(()).unwrap();
    assert_eq!(call(&routes, get(PATH)).await.status, 200);
    assert!(begins.try_recv().is_ok() && begins.try_recv().is_err(), "who gave up is not served");
}

#[tokio::test]
async fn a_collector_that_fails_is_told_and_does_no_harm() {
    #[derive(Debug)]
    struct Broken;
    impl Collector for Broken {
        fn encode(&self, _: DescriptorEncoder<'_>) -> fmt::Result {
            Err(fmt::Error)
        }
    }
    let routes = Exposition::of("test").with(Broken).serve(Router::new(), 100);
    for _ in 0..2 {
        call(&routes, get(PATH)).await.refused(500, "metrics");
    }
}

#[test]
fn names_are_unique_and_follow_the_conventions() {
    use tidegate::metrics::names::{self as framework, Kind};
    let all: Vec<_> = names::ALL.iter().chain(framework::ALL).collect();
    let unique: BTreeSet<_> = all.iter().map(|metric| metric.name).collect();
    assert_eq!(unique.len(), all.len());
    for metric in all {
        let name = metric.name;
        assert_eq!(name.ends_with("_total"), metric.kind == Kind::Counter, "{name}");
        assert_eq!(
            metric.kind == Kind::Histogram,
            name.ends_with("_seconds") && metric.kind != Kind::Gauge,
            "{name}"
        );
        assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
        assert!(metric.help.ends_with('.') && !metric.help.contains('\n'), "{name}");
        // Prometheus sets these itself.
        assert!(
            !metric.labels.iter().any(|label| ["job", "instance", "le"].contains(label)),
            "{name}"
        );
    }
}

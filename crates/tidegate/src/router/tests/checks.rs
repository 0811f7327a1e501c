//! Start-up findings, and what a handler's arguments declare.

use std::convert::Infallible;

use super::*;
use crate::extract::{FromDelivery, Needs};
use crate::policy::Effects;

/// An extractor that declares that it needs a store.
struct NeedsInbox;

impl<S: Sync> FromDelivery<S> for NeedsInbox {
    type Rejection = Infallible;
    async fn from_delivery(_: &Delivery, _: &S) -> Result<Self, Infallible> {
        Ok(Self)
    }
    fn needs(needs: &mut Needs) {
        needs.inbox();
    }
}

fn codes<S: Clone + Send + Sync + 'static>(router: &Router<S>) -> Vec<&'static str> {
    router.findings().iter().map(|finding| finding.code).collect()
}

#[test]
fn all_findings_come_at_once_each_with_a_remedy() {
    async fn with_inbox(_: Payload<Charged>, _: NeedsInbox) {}
    async fn with_two(_: Payload<Charged>, _: NeedsInbox, _: NeedsInbox) {}
    let router: Router = Router::new()
        .merge(
            Topic::json("orders")
                .on(nothing)
                .retry(Retry::exponential(secs(9), secs(1)).attempts(0))
                .timeout(Duration::ZERO)
                .on(nothing)
                .named("x/dead")
                .skip([Placed::TYPE])
                .unknown(Unknown::Skip),
        )
        .merge(Topic::json("no topic").on(with_inbox))
        .merge(Topic::json("orders").on(with_two).unknown(Unknown::DeadLetter));
    let findings = router.findings();
    let mut codes = codes(&router);
    codes.sort_unstable();
    assert_eq!(
        codes,
        [
            "TG0001", "TG0002", "TG0003", "TG0004", "TG0004", "TG0005", "TG0006", "TG0007",
            "TG0009", "TG0010", "TG0012", "TG0013"
        ]
    );
    assert!(findings.iter().all(|finding| !finding.remedy.is_empty()));
    assert_eq!(self::codes(&Router::<()>::new()), ["TG0008"]);
}

#[test]
fn a_handler_with_an_inbox_is_transactional() {
    async fn with_inbox(_: Payload<Placed>, _: NeedsInbox) {}
    async fn dead_with_inbox(_: DeadLetter<Placed>, _: NeedsInbox) {}
    let effects = |router: TopicRouter<_, (), Placed>| {
        router.into_router().into_endpoint().policies()[0].effects
    };
    use crate::router::TopicRouter;
    assert_eq!(effects(Topic::json("orders").on(nothing)), Effects::AtLeastOnce);
    assert_eq!(effects(Topic::json("orders").on(with_inbox)), Effects::Transactional);
    let dead = Topic::json("orders").on(nothing).on_dead_letter(dead_with_inbox);
    assert_eq!(effects(dead), Effects::Transactional);
}

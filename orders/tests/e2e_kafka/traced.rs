//! Traces over processes of their own: each service sends its part, and the parts fit together.

use serde_json::json;
use test_servers::LocalKafka;

use crate::platform::{Place, Platform};
use crate::receiver::{Receiver, traced_order};

const FAILS_TWICE: &str = "00000000000000000000000000000001";
const REPLAYED: &str = "00000000000000000000000000000002";

#[tokio::test]
async fn each_process_sends_its_part_of_an_orders_trace() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let place = Place::new(folder.path(), LocalKafka::shared().address(), "traced")
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", &format!("http://{}", receiver.address))
        .variable("OTEL_BSP_SCHEDULE_DELAY", "100");
    place.topics().await;
    let platform = Platform::ready(&place).await;
    let up = &platform.producer;
    let twice = traced_order(up, FAILS_TWICE, "fail-transient-2").await;
    up.reaches(&twice.order_id, "completed").await;
    let charged = "      POST /api/v1/charges\n        POST /api/v1/charges\n";
    let failed = |class| format!("    process traced !{class} ~origin:send traced\n{charged}");
    let (once, dead) = (failed("transient"), failed("permanent"));
    let worked = format!("    process traced ~origin:send traced\n{charged}      send traced\n");
    let begun = "\nPOST /api/v1/orders\n  send traced\n";
    receiver.tree_is(FAILS_TWICE, &format!("{begun}{once}{once}{worked}")).await;

    let healed = traced_order(up, REPLAYED, "fail-until-replay").await;
    up.reaches(&healed.order_id, "failed").await;
    up.dead_letter(&healed.event_id).await;
    let body = json!({"event_ids": [healed.event_id]});
    up.replay().post("/api/v1/replay", &body).await.expect(200);
    up.reaches(&healed.order_id, "completed").await;
    let given_up = "      send traced_dlq
        on_dead_letter traced ~origin:send traced
          send traced
        send traced ~cause:POST /api/v1/replay
          process traced ~origin:send traced
            POST /api/v1/charges
              POST /api/v1/charges
            send traced
";
    let expected = format!("{begun}{dead}{given_up}");
    receiver.tree_is(REPLAYED, &expected).await;

    let services = |trace: &str| {
        let spans = receiver.spans().into_iter().filter(|span| span.trace() == trace);
        spans.map(|span| span.service).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(services(FAILS_TWICE).into_iter().eq(["consumer", "gateway", "producer"]));
    assert!(services(REPLAYED).into_iter().eq(["consumer", "gateway", "producer", "replay"]));
    platform.end().await;
}

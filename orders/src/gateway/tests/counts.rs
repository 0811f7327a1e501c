use super::*;

#[tokio::test]
async fn charges_are_counted_from_zero_after_each_start() {
    let folder = tempfile::tempdir().unwrap();
    let counted = async |routes: &Router| {
        let text = call(routes, get("/metrics")).await.text;
        ["requested", "performed"].map(|kind| {
            let line = format!("orders_charges_total{{kind=\"{kind}\"}} ");
            text.lines().find_map(|text| text.strip_prefix(&line)).expect(&text).to_owned()
        })
    };
    let routes = open(folder.path(), false);
    charge(&routes, Some("e-1"), BODY).await;
    charge(&routes, Some("e-1"), BODY).await;
    assert_eq!(counted(&routes).await, ["2", "1"]);
    drop(routes);
    let routes = reopened(folder.path()).await;
    assert_eq!(counted(&routes).await, ["0", "0"]);
    charge(&routes, Some("e-1"), BODY).await;
    assert_eq!(counted(&routes).await, ["1", "0"]);
    // What is no charge is none that was asked for.
    charge(&routes, None, "{}").await.refused(400, "body");
    assert_eq!(counted(&routes).await, ["1", "0"]);
}

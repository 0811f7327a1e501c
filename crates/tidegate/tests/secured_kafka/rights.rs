//! Rights that are missing: said in one line; and what waited is there when the right is given.

use std::process::Command;

use test_servers::User;

use crate::login::plain;
use crate::{assert_line, consume, create, fetch, kafka, publish};

/// Gives a right to the user who has none.
fn grant(operation: &str, resource: &str, name: &str) {
    let script = format!("{}/../../scripts/kafka", env!("CARGO_MANIFEST_DIR"));
    let mut tool = Command::new(script);
    tool.args(["tool", "org.apache.kafka.tools.AclCommand", "--add"]);
    tool.args(["--bootstrap-server", kafka().internal_address()]);
    tool.args(["--allow-principal", &format!("User:{}", User::NOBODY.name)]);
    tool.args(["--operation", operation, resource, name]);
    let output = tokio::task::block_in_place(|| tool.output()).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_right_that_is_missing_is_said_in_one_line_and_what_waited_is_read_later() {
    let (topic, group) = ("guarded", "guards");
    create(topic).await;
    let (orders, nobody) = (
        plain(User::ORDERS.name, User::ORDERS.password),
        plain(User::NOBODY.name, User::NOBODY.password),
    );
    publish(&orders, topic, "waiting").await.unwrap();

    // Not even to see it.
    for line in [
        publish(&nobody, topic, "never").await.unwrap_err(),
        fetch(&nobody, topic).await.unwrap_err(),
        consume(&nobody, group, topic).await.unwrap_err(),
    ] {
        assert_line(&line, &["topic guarded", "lacks an ACL"]);
    }
    grant("Describe", "--topic", topic);
    let line = publish(&nobody, topic, "never").await.unwrap_err();
    assert_line(&line, &["topic guarded", "lacks an ACL"]);
    let line = fetch(&nobody, topic).await.unwrap_err();
    assert_line(&line, &["topic guarded", "lacks an ACL"]);
    let line = consume(&nobody, group, topic).await.unwrap_err();
    assert_line(&line, &["group guards", "lacks an ACL"]);

    grant("Read", "--group", group);
    let line = consume(&nobody, group, topic).await.unwrap_err();
    assert_line(&line, &["topic guarded", "lacks an ACL"]);
    grant("Read", "--topic", topic);
    assert_eq!(consume(&nobody, group, topic).await.unwrap(), "waiting");
    grant("Write", "--topic", topic);
    publish(&nobody, topic, "at last").await.unwrap();
    assert_eq!(fetch(&orders, topic).await.unwrap(), 2, "nothing of what was refused");
}

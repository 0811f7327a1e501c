//! What the program says about itself.

use std::collections::BTreeSet;
use std::process::Command;
use std::sync::LazyLock;

/// What `orders ... --help` prints.
pub(crate) fn help(of: &[&str]) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_orders"));
    let output = program.args(of).arg("--help").env_clear().current_dir("/").output().unwrap();
    assert!(output.status.success(), "orders {of:?} --help");
    String::from_utf8(output.stdout).unwrap()
}

/// The settings: what stands in angle brackets behind the flag of that name.
pub(crate) static VARIABLES: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let text = help(&[]);
    let named = text.split('<').skip(1).filter_map(|rest| rest.split('>').next());
    let flag = |name: &str| format!("--{}", name.to_ascii_lowercase().replace('_', "-"));
    let ours = named.filter(|name| is_variable(name) && text.contains(&flag(name)));
    ours.map(str::to_owned).collect()
});

/// The commands of `orders`.
pub(crate) static COMMANDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let text = help(&[]);
    let list = text.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    list.lines().map(|line| line.split_whitespace().next().unwrap().to_owned()).collect()
});

/// The port of the producer unless it is set.
pub(crate) fn http_port() -> u16 {
    let text = help(&[]);
    let option = text.split("<HTTP_PORT>").nth(1).unwrap();
    let default = option.split("[default: ").nth(1).unwrap().split(']').next().unwrap();
    default.parse().unwrap()
}

/// `HTTP_PORT`, but not `Http` or `A`.
pub(crate) fn is_variable(name: &str) -> bool {
    name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

#[test]
fn the_help_can_be_read() {
    assert!(VARIABLES.contains("HTTP_PORT") && VARIABLES.contains("KAFKA_BROKERS"));
    assert!(VARIABLES.len() > 30 && !VARIABLES.contains("COMMAND"), "{:?}", *VARIABLES);
    assert!(COMMANDS.contains("up") && COMMANDS.contains("consumer"), "{:?}", *COMMANDS);
    assert_eq!(http_port(), 8090);
}

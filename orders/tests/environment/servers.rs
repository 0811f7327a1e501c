//! `make test-embedded` needs only cargo: what takes a server is where `scripts/test.sh` leaves it out.

use crate::tree::{below, exists, read};

/// What `crates/test-servers` starts; and how tests call the helpers below, which start it for them.
const TAKEN: &[&str] = &[
    "LocalKafka",
    "SecureKafka",
    "LocalPostgres",
    "LocalRedis",
    "LocalPrometheus",
    "promtool(",
    "new_database",
    "Database::Postgres)",
    "Fixture::<Postgres>",
    "Fixture::<sqlx::Postgres>",
    "::<sqlx::Postgres>()",
];

/// Take a server for tests in modules that are left out, and have no test of their own.
const HELPERS: &[&str] = &[
    "crates/tidegate/src/inbox/sql/tests/fixture.rs",
    "crates/tidegate/tests/service_rules/stores.rs",
    "orders/src/consumer/testing.rs",
    "orders/src/model/testing.rs",
];

/// What `scripts/test.sh --embedded` leaves out.
struct LeftOut {
    /// Ends of binaries' names: `_kafka`.
    binaries: Vec<String>,
    /// Parts of tests' names: `postgres::`.
    modules: Vec<String>,
}

impl LeftOut {
    fn new() -> Self {
        let script = read("scripts/test.sh");
        let ends = script.split("grep -vE '_(").nth(1).unwrap().split(")$'").next().unwrap();
        let binaries = ends.split('|').map(|end| format!("_{end}")).collect();
        let skipped = script.split("--skip ").skip(1);
        let modules = skipped.map(|rest| rest.split_whitespace().next().unwrap().to_owned());
        Self { binaries, modules: modules.collect() }
    }

    fn has(&self, path: &str) -> bool {
        let stem = path.trim_end_matches(".rs");
        let (modules, binary) = match stem.split_once("/tests/").filter(|_| !path.contains("/src/"))
        {
            Some((krate, rest)) => (rest, Some(krate)),
            None => (stem, None),
        };
        let module = format!("{}::", modules.replace('/', "::"));
        self.modules.iter().any(|part| module.contains(part.as_str()))
            || binary.is_some_and(|krate| self.has_all_binaries(krate, modules))
    }

    /// Whether all binaries that the file belongs to are left out.
    fn has_all_binaries(&self, krate: &str, modules: &str) -> bool {
        let ends = |name: &str| self.binaries.iter().any(|end| name.ends_with(end.as_str()));
        let folder = modules.split('/').next().unwrap();
        if folder == modules || exists(&format!("{krate}/tests/{folder}/main.rs")) {
            return ends(folder);
        }
        let mut owners = below(&format!("{krate}/tests"));
        owners.retain(|path| takes_in(&read(path), folder, modules));
        !owners.is_empty() && owners.iter().all(|path| ends(path.trim_end_matches(".rs")))
    }
}

/// Whether a binary has the file of its folder as a module.
fn takes_in(text: &str, folder: &str, modules: &str) -> bool {
    let name = modules.rsplit('/').next().unwrap();
    let inside =
        text.contains(&format!("mod {folder} {{")) && text.contains(&format!("mod {name};"));
    inside || text.contains(&format!("#[path = \"{modules}.rs\"]"))
}

/// Sources of the library and of tests that take a server. Benches are no tests, and the servers test themselves.
fn takers() -> Vec<String> {
    let mut paths = [below("crates"), below("orders")].concat();
    paths.retain(|path| {
        let of_tests = path.contains("/src/") || path.contains("/tests/");
        let other = path.contains("test-servers/") || path.ends_with("environment/servers.rs");
        path.ends_with(".rs") && of_tests && !other && is_taker(&read(path))
    });
    paths
}

fn is_taker(text: &str) -> bool {
    TAKEN.iter().any(|word| text.contains(word))
}

#[test]
fn what_takes_a_server_is_left_out_where_there_is_only_cargo() {
    let (left_out, takers) = (LeftOut::new(), takers());
    assert!(takers.len() > 25, "{takers:?}");
    let wrong = |path: &&String| !left_out.has(path) && !HELPERS.contains(&path.as_str());
    let wrong: Vec<_> = takers.iter().filter(wrong).collect();
    assert!(wrong.is_empty(), "in no binary or module that is left out: {wrong:#?}");
    for helper in HELPERS {
        assert!(takers.iter().any(|path| path == helper), "{helper} takes none any more");
        let text = read(helper);
        let own = text
            .lines()
            .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"));
        assert!(!own, "{helper} has a test of its own");
    }
}

#[test]
fn names_decide_what_is_left_out() {
    let left_out = LeftOut::new();
    for (path, out) in [
        ("crates/tidegate/tests/real_kafka/kcat.rs", true),
        ("crates/tidegate/tests/reads_kafka/outage.rs", true),
        ("crates/tidegate/tests/conformance/on_kafka.rs", true),
        ("crates/tidegate/tests/conformance/on_disk.rs", false),
        ("crates/tidegate/tests/service_rules/stores.rs", false),
        ("crates/tidegate/src/broker/kafka/mod.rs", false),
        ("orders/src/model/server_postgres.rs", true),
        ("orders/src/model/tests.rs", false),
    ] {
        assert_eq!(left_out.has(path), out, "{path}");
    }
}

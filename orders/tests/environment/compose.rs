//! `compose.yaml`, read as what it is.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::ports;
use crate::program::{COMMANDS, VARIABLES};
use crate::tree::{below, exists, read};
use crate::variables::{read_by, set_by};

pub(crate) fn compose() -> Value {
    serde_saphyr::from_str(&read("compose.yaml"))
        .unwrap_or_else(|error| panic!("compose.yaml: {error}"))
}

fn services(compose: &Value) -> &Map<String, Value> {
    compose["services"].as_object().unwrap()
}

/// Whether it is built from this tree.
fn is_ours(service: &Value) -> bool {
    service.get("build").is_some()
}

/// Whether it ends by itself.
fn is_job(service: &Value) -> bool {
    service["restart"] == "no"
}

fn texts(list: &Value) -> Vec<String> {
    let items = list.as_array().into_iter().flatten();
    items
        .map(|item| item.as_str().unwrap_or_else(|| panic!("no text: {item}")).to_owned())
        .collect()
}

#[test]
fn the_services_are_these() {
    let compose = compose();
    let names: Vec<_> = services(&compose).keys().map(String::as_str).collect();
    let mut wanted = [
        "topics",
        "producer",
        "consumer",
        "replay",
        "gateway",
        "kafka",
        "schema-registry",
        "kafka-ui",
        "redis",
        "postgres",
        "jaeger",
        "prometheus",
        "grafana",
    ];
    wanted.sort_unstable();
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, wanted);
}

#[test]
fn our_services_run_commands_and_settings_of_the_program() {
    let compose = compose();
    let ours: Vec<_> = services(&compose).iter().filter(|(_, service)| is_ours(service)).collect();
    assert_eq!(ours.len(), 5);
    for (name, service) in ours {
        assert!(
            COMMANDS.contains(service["command"].as_str().unwrap()),
            "{name}: {}",
            service["command"]
        );
        assert_eq!(service["command"], **name, "a service is named after its command");
        let settings = service["environment"].as_object().unwrap();
        assert!(settings.len() > 3, "{name}: {settings:?}");
        for setting in settings.keys() {
            assert!(
                VARIABLES.contains(setting),
                "{name}: {setting} is no setting of `orders --help`"
            );
        }
    }
}

/// What compose reads is in its example; a password has no default, and is written down nowhere.
#[test]
fn the_example_has_what_compose_reads_and_no_password_has_a_default() {
    let text = read("compose.yaml");
    let listed = set_by(&read("compose.env.example"));
    let without_literals = text.replace("$$", "");
    let names = read_by(&without_literals);
    assert_eq!(names, listed, "what compose.yaml reads is what compose.env.example lists");
    for name in names.iter().filter(|name| name.contains("PASSWORD")) {
        let all = without_literals.matches(&format!("${{{name}")).count();
        let demanded =
            without_literals.matches(&format!("${{{name}:?see compose.env.example}}")).count();
        assert_eq!(all, demanded, "{name} must be demanded with :?");
    }
    for (name, service) in services(&compose()) {
        for (key, value) in service["environment"].as_object().into_iter().flatten() {
            if key.contains("PASSWORD") || key.ends_with("_AUTH") {
                assert!(value.as_str().unwrap().starts_with("${"), "{name}: {key} is written down");
            }
        }
    }
}

#[test]
fn every_service_has_a_health_check_and_waits_for_what_it_needs() {
    let compose = compose();
    let services = services(&compose);
    for (name, service) in services {
        assert_eq!(service.get("healthcheck").is_none(), is_job(service), "{name}: health check");
        for (other, how) in service["depends_on"].as_object().into_iter().flatten() {
            let other = services.get(other).unwrap_or_else(|| panic!("{name} waits for {other}"));
            let wanted =
                if is_job(other) { "service_completed_successfully" } else { "service_healthy" };
            assert_eq!(how["condition"], wanted, "{name}");
        }
    }
}

#[test]
fn every_image_is_pinned_to_a_whole_version() {
    for (name, service) in services(&compose()) {
        let image = service["image"].as_str().unwrap();
        let (_, tag) =
            image.rsplit_once(':').unwrap_or_else(|| panic!("{name}: {image} has no tag"));
        let version = tag.trim_start_matches('v').split('-').next().unwrap();
        let numbers = version.split('.').filter(|number| number.parse::<u32>().is_ok()).count();
        assert!(numbers >= 2, "{name}: {image}");
    }
}

#[test]
fn every_port_is_published_on_loopback_only_and_belongs_to_its_service() {
    let table = ports::table();
    for (name, service) in services(&compose()) {
        for published in texts(&service["ports"]) {
            let parts: Vec<_> = published.split(':').collect();
            let [host, outside, inside] = parts[..] else { panic!("{name}: {published}") };
            assert_eq!(host, "127.0.0.1", "{name}: {published}");
            assert_eq!(outside, inside, "{name}: {published}");
            assert_eq!(table.get(&outside.parse().unwrap()), Some(name), "{name}: {published}");
        }
    }
}

#[test]
fn a_health_check_asks_its_own_service() {
    let table = ports::table();
    let mut asked = 0;
    for (name, service) in services(&compose()) {
        let check = texts(&service["healthcheck"]["test"]);
        for (_, port) in ports::addresses(&check.join(" ")) {
            assert_eq!(table[&port], *name, "{check:?}");
            asked += 1;
        }
        if check.get(1).is_some_and(|program| program == "healthy") {
            assert_eq!(table[&check[2].parse().unwrap()], *name, "{check:?}");
            asked += 1;
        }
    }
    assert!(asked >= 9, "only {asked} checks were read");
}

#[test]
fn every_folder_is_in_the_tree_and_every_volume_declared() {
    let compose = compose();
    let mut used = BTreeSet::new();
    for (name, service) in services(&compose) {
        for volume in texts(&service["volumes"]) {
            let source = volume.split(':').next().unwrap();
            match source.strip_prefix("./") {
                Some(path) => assert!(exists(path), "{name}: {path} is not in the tree"),
                None => drop(used.insert(source.to_owned())),
            }
        }
    }
    let declared: BTreeSet<_> = compose["volumes"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(used, declared);
}

#[test]
fn what_is_mounted_can_be_read() {
    for path in below("deploy").into_iter().filter(|path| !path.ends_with(".jq")) {
        let read: Result<Value, _> = serde_saphyr::from_str(&read(&path));
        assert!(read.is_ok_and(|value| value.is_object()), "{path}");
    }
}

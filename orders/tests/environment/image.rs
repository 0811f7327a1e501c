//! The Dockerfile: what it copies is there, and gets past `.dockerignore`; what it sets is a setting.

use crate::ports;
use crate::program::{VARIABLES, help};
use crate::tree::{exists, read};
use crate::variables::set_by;

/// The arguments of an instruction, one list for each time that it comes. Continued lines are one.
fn instructions(name: &str) -> Vec<Vec<String>> {
    let text = read("Dockerfile").replace("\\\n", " ");
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    lines.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn what_is_copied_is_in_the_tree_and_not_ignored() {
    let ignored = read(".dockerignore");
    let kept: Vec<_> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for path in &kept {
        assert!(exists(path), ".dockerignore keeps {path}, which is not in the tree");
    }
    let mut copied = Vec::new();
    for arguments in instructions("COPY").iter().filter(|list| !list[0].starts_with("--from")) {
        copied.extend(arguments[..arguments.len() - 1].iter().cloned());
    }
    copied.sort();
    let mut kept: Vec<_> = kept.into_iter().map(str::to_owned).collect();
    kept.sort();
    assert_eq!(copied, kept);
}

#[test]
fn the_image_sets_settings_and_exposes_the_services() {
    for arguments in instructions("ENV") {
        for name in set_by(&arguments.join(" ")) {
            assert!(VARIABLES.contains(&name), "{name} is no setting of `orders --help`");
        }
    }
    let table = ports::table();
    let exposed: Vec<_> = instructions("EXPOSE").concat();
    let services: Vec<_> =
        exposed.iter().map(|port| table[&port.parse().unwrap()].as_str()).collect();
    assert_eq!(services, ["producer", "consumer", "replay", "gateway"]);
    assert_eq!(instructions("ENTRYPOINT").concat(), ["[\"orders\"]"]);
    assert!(help(&[]).contains("Usage: orders "));
}

#[test]
fn the_image_is_pinned_runs_as_nobody_special_and_is_built_with_tls() {
    for image in instructions("FROM") {
        let tag = image[0].rsplit_once(':').unwrap().1;
        assert!(tag.starts_with(|c: char| c.is_ascii_digit()) && tag.contains('.'), "{image:?}");
    }
    let user = instructions("USER").concat();
    assert!(user != ["root"] && user.len() == 1, "{user:?}");
    let build = instructions("RUN").concat().join(" ");
    assert!(build.contains("--locked -p orders --features tls"), "{build}");
    let manifest = read("orders/Cargo.toml");
    assert!(manifest.lines().any(|line| line.starts_with("tls = ")), "orders has no feature tls");
    let rust = read("Cargo.toml");
    let least = rust.split("rust-version = \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(instructions("FROM")[0][0].starts_with(&format!("rust:{least}-")), "{least}");
}

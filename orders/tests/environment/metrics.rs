//! `docs/metrics.md`: its tables are made from the names. After a change of them: `UPDATE_DOCS=1 cargo test ... metrics`.

use std::fmt::Write;

use orders::metrics::names as system;
use tidegate::metrics::names::{self as framework, Described, Kind};

use crate::tree::{read, root};

const PAGE: &str = "docs/metrics.md";
/// What stands above is written by hand.
const MARK: &str = "<!-- The tables are made from the names in the sources, by a test. -->\n";

/// Each theme begins with this metric, and goes to the next one.
const SYSTEM: &[(&str, Described)] = &[
    ("HTTP", system::HTTP_DURATION),
    ("Orders", system::ACCEPTED),
    ("The process", system::BUILD_INFO),
];
const FRAMEWORK: &[(&str, Described)] = &[
    ("A service", framework::SERVICE_INFO),
    ("Membership", framework::PARTITIONS_ASSIGNED),
    ("Records", framework::DELIVERED),
    ("Attempts", framework::ATTEMPTS),
    ("Progress", framework::LAG),
    ("Publishing", framework::PUBLISHED),
    ("Dead letters", framework::DEAD_LETTERS),
    ("The client", framework::CLIENT_QUEUED),
];

fn row(page: &mut String, metric: &Described) {
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::Histogram => "histogram",
        _ => "gauge",
    };
    let labels: Vec<_> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    let (name, labels, help) = (metric.name, labels.join(", "), metric.help);
    writeln!(page, "| `{name}` | {kind} | {labels} | {help} |").unwrap();
}

fn tables(page: &mut String, title: &str, themes: &[(&str, Described)], all: &[Described]) {
    writeln!(page, "\n## {title}").unwrap();
    assert_eq!(all[0], themes[0].1, "the first metric has no theme");
    let mut begun = 0;
    for metric in all {
        if let Some((theme, _)) = themes.iter().find(|(_, first)| first == metric) {
            writeln!(
                page,
                "\n### {theme}\n\n| name | kind | labels | meaning |\n|---|---|---|---|"
            )
            .unwrap();
            begun += 1;
        }
        row(page, metric);
    }
    assert_eq!(begun, themes.len(), "a theme begins with a metric that is gone");
}

#[test]
fn the_page_of_metrics_is_as_they_are_described() {
    let page = read(PAGE);
    let (head, _) = page.split_once(MARK).expect("the mark between head and tables");
    let mut made = format!("{head}{MARK}");
    tables(&mut made, "Of the system `orders`", SYSTEM, system::ALL);
    tables(&mut made, "Of the framework", FRAMEWORK, framework::ALL);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(root().join(PAGE), &made).unwrap();
    } else {
        assert!(page == made, "{PAGE} is not as the names are: run this test with UPDATE_DOCS=1");
    }
}

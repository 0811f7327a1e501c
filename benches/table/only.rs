//! Which rows are wanted: `ONLY=G7,G1` names some, of any program.

/// The order platform's rows (`orders/benches/summary`), in the table's order.
pub(crate) const PLATFORM: &[&str] = &[
    "G7",
    "G7-batch",
    "G8-p50",
    "G8-p99",
    "accepted",
    "processed",
    "p95",
    "G10-1pct",
    "G10-100pct",
    "G22",
    "G7-kafka",
    "G7-batch-kafka",
    "G8-p50-kafka",
    "G8-p99-kafka",
    "accepted-kafka",
    "processed-kafka",
    "p95-kafka",
];

/// The framework's rows against the bare client (`crates/tidegate/benches/kafka`), in the table's order.
pub(crate) const CLIENT: &[&str] = &[
    "G1",
    "G1-cpu",
    "G1-read",
    "G2",
    "G3",
    "batch-50",
    "G6",
    "G9",
    "G10-metrics",
    "G15",
    "G15-memory",
    "G18",
];

/// Of these rows those that `ONLY` names, else all. A name that no program has is an error, as text.
pub(crate) fn wanted(mine: &[&'static str]) -> Result<Vec<&'static str>, String> {
    let only = std::env::var("ONLY").unwrap_or_default();
    let names: Vec<_> = only.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    let known = |name: &&&str| PLATFORM.contains(name) || CLIENT.contains(name);
    if let Some(unknown) = names.iter().find(|name| !known(name)) {
        let all = [PLATFORM, CLIENT].concat().join(", ");
        return Err(format!("ONLY={unknown}: there is no such row; there are {all}"));
    }
    let named = |name: &&'static str| names.is_empty() || names.contains(name);
    Ok(mine.iter().copied().filter(named).collect())
}

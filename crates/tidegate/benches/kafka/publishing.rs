//! G6: publishing, each event acknowledged.

use crate::lab::{BODY, Lab};
use crate::ours::CALLS;
use crate::side::Stretch;
use crate::table::pairs::Pairs;
use crate::table::rows::Row;
use crate::tools::Tool;

const TOPIC: &str = "published";
/// What Kafka's tool writes.
const RECORDS: u64 = 1_000_000;

/// A publisher that waits for its acknowledgements, against a bare producer that counts its own.
pub(crate) fn acknowledged(lab: &Lab) -> Row {
    lab.topic(TOPIC);
    let side = |name| lab.side(name, TOPIC, 0);
    let pairs = Pairs::of(|| side("ours-producer"), || side("bare-producer"));
    let tool = Tool::producer(lab, TOPIC, RECORDS, BODY);
    let (rates, cpu) = (pairs.each(Stretch::per_second), pairs.each(Stretch::cpu_per_record));
    let (ours, bare, how) = (rates.ours(), rates.theirs(), rates.settings());
    Row {
        id: "G6".to_owned(),
        ratio: rates.ratio(),
        floor: Some(0.80),
        goal: Some(0.90),
        lower_is_better: false,
        unit: "ratio",
        resolved: tool.resolves(bare),
        settings: format!(
            "events of {BODY} B, calls of {}, {} under way: {ours:.0}/s to {bare:.0}/s, Kafka's tool {:.0}/s; CPU {:.2}; {how}",
            CALLS.0,
            CALLS.1,
            tool.per_second,
            cpu.ratio()
        ),
    }
}

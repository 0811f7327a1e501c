//! What the judge says.

use std::fmt;

/// What was found, and what happened.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    pub(crate) findings: Vec<String>,
    pub(crate) messages: u32,
    /// Attempts beyond the first of each message.
    pub(crate) repeats: u64,
    pub(crate) bound: u64,
    pub(crate) kills: u32,
    pub(crate) stops: u32,
    /// Partitions that were taken over from a member that stood still.
    pub(crate) robbed: u32,
    /// Partitions that were lost.
    pub(crate) losses: u32,
    /// Partitions that were given back in order.
    pub(crate) given: u32,
    /// Of these, those that waited for a slow handler: it ended, and then the partition was let go.
    pub(crate) awaited: u32,
    /// Handlers that were cut off.
    pub(crate) cuts: u32,
    pub(crate) joins: u32,
    pub(crate) leaves: u32,
    /// How often the broker was down.
    pub(crate) downs: u32,
    /// Attempts that began in a partition of another member.
    pub(crate) late: u32,
}

/// One line.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { messages, repeats, bound, late, .. } = self;
        write!(f, "{messages} messages, {repeats} repeats of {bound} explained, {late} late; ")?;
        let faults = [
            (self.kills, "kills"),
            (self.stops, "stops"),
            (self.downs, "broker restarts"),
            (self.joins, "joins"),
            (self.leaves, "leaves"),
            (self.given, "partitions given back"),
            (self.awaited, "after a slow handler"),
            (self.losses, "lost"),
            (self.robbed, "taken while stopped"),
            (self.cuts, "handlers cut off"),
        ];
        let faults = faults.into_iter().filter(|(count, _)| *count > 0);
        let faults: Vec<_> = faults.map(|(count, name)| format!("{count} {name}")).collect();
        f.write_str(&faults.join(", "))
    }
}

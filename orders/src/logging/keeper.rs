//! A thread that looks after the log once a second: sums up what was hidden, and puts a filter back whose time is over.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use super::levels::Levels;
use super::limiter::Limiter;
use super::style::Style;

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// What is looked after.
#[derive(Debug, Clone)]
pub(super) struct Keeper {
    pub(super) limiter: Limiter,
    pub(super) levels: Arc<Levels>,
    pub(super) style: Style,
}

impl Keeper {
    /// Until the process ends. Without a thread for it nothing is summed up before the end, and the log is told so.
    pub(super) fn start(self) {
        let looks = move || {
            loop {
                std::thread::sleep(EVERY);
                self.look();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("log".to_owned()).spawn(looks) {
            tracing::warn!(%error, "no thread to look after the log: repeats are summed up at the end");
        }
    }

    fn look(&self) {
        self.limiter.over().into_iter().for_each(|line| self.write(line));
        if let Some(filter) = self.levels.tick() {
            tracing::warn!(filter, "the log's filter went back by itself");
        }
    }

    /// The last word: nothing is hidden any more.
    pub(super) fn finish(&self) {
        self.limiter.rest().into_iter().for_each(|line| self.write(line));
    }

    /// Past the filter, which has let the lines through that this one stands for.
    fn write(&self, line: super::line::Line) {
        // Whoever reads the log has gone away: nobody is left to be told.
        let _ = std::io::stderr().write_all(self.style.write(line).as_bytes());
    }
}

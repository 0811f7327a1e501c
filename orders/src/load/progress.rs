//! A progress bar on a terminal, plain lines elsewhere. Always on stderr.

use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

const LINE_EVERY: Duration = Duration::from_secs(5);
const TEMPLATE: &str = "{msg:<10} [{bar:40}] {pos}/{len} {per_sec} {eta}";

/// How far something is.
#[derive(Debug)]
pub(crate) struct Progress {
    what: &'static str,
    total: u64,
    shape: Shape,
}

#[derive(Debug)]
enum Shape {
    Bar(ProgressBar),
    Lines { last: Instant },
}

impl Progress {
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        let shape = if std::io::stderr().is_terminal() {
            Shape::Bar(bar(what, total))
        } else {
            Shape::Lines { last: Instant::now() }
        };
        Self { what, total, shape }
    }

    /// So many are done.
    pub(crate) fn at(&mut self, done: u64) {
        match &mut self.shape {
            Shape::Bar(bar) => bar.set_position(done),
            Shape::Lines { last } if last.elapsed() >= LINE_EVERY => {
                *last = Instant::now();
                line(self.what, done, self.total);
            }
            Shape::Lines { .. } => {}
        }
    }

    /// Nothing more comes.
    pub(crate) fn finish(self, done: u64) {
        match self.shape {
            Shape::Bar(bar) => {
                bar.set_position(done);
                bar.abandon();
            }
            Shape::Lines { .. } => line(self.what, done, self.total),
        }
    }
}

fn bar(what: &'static str, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template(TEMPLATE).expect("the template is a constant");
    ProgressBar::new(total).with_style(style).with_message(what)
}

fn line(what: &str, done: u64, total: u64) {
    // A closed stderr is no reason to stop.
    let _ = writeln!(std::io::stderr(), "{what}: {done} of {total}");
}

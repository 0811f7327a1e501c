//! Answers on stdout, as a table or as JSON; talk on stderr.
//!
//! Whoever reads may go away at any time (`| head`): that is no failure.

mod content;
mod safe;
mod table;
mod time;

use std::io::{ErrorKind, IsTerminal, Write};

pub(crate) use content::Content;
pub(crate) use safe::{cut, lines, safe};
pub(crate) use time::{shown, time};

use crate::answer::{Answer, Block};
use crate::args::Format;
use crate::failure::Failure;

/// Writes the answer.
pub(crate) fn show(answer: Answer, format: Format) -> Result<(), Failure> {
    let bytes = match (format, answer.document) {
        (Format::Table, _) => blocks(&answer.blocks, bold()),
        (Format::Json, Some(document)) => (safe::json(&document) + "\n").into_bytes(),
        (Format::Json, None) => {
            return Err(Failure::Refused("--raw writes bytes: leave `-o json` out".into()));
        }
    };
    write(&bytes)?;
    answer.talk.iter().for_each(|line| say(line));
    Ok(())
}

/// One line to stderr, whatever is in it.
pub(crate) fn say(line: &str) {
    let words: Vec<_> = line.split_whitespace().collect();
    // Nobody reads any more: nothing is left to do.
    let _ = writeln!(std::io::stderr(), "tidegate: {}", safe(&words.join(" ")));
}

fn blocks(blocks: &[Block], bold: bool) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, block) in blocks.iter().enumerate() {
        if number > 0 {
            bytes.push(b'\n');
        }
        match block {
            Block::Table(rows) => bytes.extend(table::render(rows, bold).into_bytes()),
            Block::Text(text) => {
                bytes.extend(text.trim_end_matches('\n').bytes());
                bytes.push(b'\n');
            }
            Block::Raw(raw) => bytes.extend(raw),
        }
    }
    bytes
}

fn write(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Failed(format!("the answer cannot be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Headers stand out on a terminal that is not told to be plain.
fn bold() -> bool {
    let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
    std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb
}

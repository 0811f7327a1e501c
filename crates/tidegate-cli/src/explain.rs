//! `explain`: the pages of `docs/errors`, inside of the program.

use clap::Args;
use serde::Serialize;

use crate::answer::{Answer, Block, Table};
use crate::failure::Failure;
use crate::near::near;
use crate::output::lines;

/// A code, or none.
#[derive(Debug, Clone, Args)]
pub(crate) struct ExplainArgs {
    /// The code, as the service printed it: TG0026; 26 will do.
    code: Option<String>,
}

/// A page for each code, by code.
macro_rules! pages {
    ($($code:literal)*) => {
        &[$(($code, include_str!(concat!("../../../docs/errors/", $code, ".md")))),*]
    };
}

/// Code and text. A test holds them against the folder.
const PAGES: &[(&str, &str)] = pages! {
    "TG0001" "TG0002" "TG0003" "TG0004" "TG0005" "TG0006" "TG0007" "TG0008" "TG0009" "TG0010"
    "TG0011" "TG0012" "TG0013" "TG0014" "TG0015" "TG0020" "TG0021" "TG0022" "TG0023" "TG0024"
    "TG0025" "TG0026" "TG0027" "TG0028" "TG0029" "TG0030" "TG0031" "TG0032" "TG0033" "TG0034"
    "TG0035" "TG0036"
};

#[derive(Debug, Serialize)]
struct Pages {
    pages: Vec<Title>,
}

#[derive(Debug, Serialize)]
struct Title {
    code: &'static str,
    title: &'static str,
}

#[derive(Debug, Serialize)]
struct Page {
    code: &'static str,
    title: &'static str,
    text: &'static str,
}

pub(crate) fn run(args: &ExplainArgs) -> Result<Answer, Failure> {
    let Some(asked) = &args.code else { return list() };
    let code = normal(asked);
    let Some((code, text)) = PAGES.iter().find(|(known, _)| *known == code) else {
        return Err(Failure::Missing(unknown(asked, &code)));
    };
    Answer::new(&Page { code, title: title(text), text }, vec![Block::Text(lines(text))])
}

fn list() -> Result<Answer, Failure> {
    let pages: Vec<_> =
        PAGES.iter().map(|(code, text)| Title { code, title: title(text) }).collect();
    let rows = pages.iter().map(|page| vec![page.code.to_owned(), page.title.to_owned()]);
    let table = Table::new(&["CODE", "FINDING"], &[]).rows(rows);
    Answer::new(&Pages { pages }, vec![Block::Table(table)])
}

/// `tg26`, `26` and `TG0026` are one code.
fn normal(asked: &str) -> String {
    let asked = asked.trim().to_uppercase();
    let digits = asked.strip_prefix("TG").unwrap_or(&asked);
    digits.parse::<u32>().map_or_else(|_| asked.clone(), |number| format!("TG{number:04}"))
}

/// The first line, without sign and code.
fn title(text: &'static str) -> &'static str {
    text.lines().next().and_then(|line| line.split_once(": ")).map_or("", |(_, title)| title)
}

fn unknown(asked: &str, code: &str) -> String {
    let near = near_codes(code);
    let near =
        if near.is_empty() { String::new() } else { format!("; near it are {}", near.join(", ")) };
    format!("there is no code {asked}{near}; `tidegate explain` lists all")
}

/// A number is near its neighbours; anything else is near what is spelt like it.
fn near_codes(code: &str) -> Vec<&'static str> {
    let number = |code: &str| code.strip_prefix("TG").and_then(|digits| digits.parse::<u32>().ok());
    let codes = PAGES.iter().map(|(code, _)| *code);
    let Some(asked) = number(code) else { return near(code, codes) };
    let mut codes: Vec<_> = codes.collect();
    codes.sort_by_key(|known| number(known).map(|known| known.abs_diff(asked)));
    codes.truncate(3);
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_page_is_in_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/errors");
        let mut files: Vec<_> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "README.md")
            .collect();
        files.sort();
        let pages: Vec<_> = PAGES.iter().map(|(code, _)| format!("{code}.md")).collect();
        assert_eq!(files, pages);
    }

    #[test]
    fn every_page_has_a_title() {
        for (code, text) in PAGES {
            assert!(text.starts_with(&format!("# {code}: ")) && !title(text).is_empty(), "{code}");
        }
    }

    #[test]
    fn a_code_may_be_written_in_short() {
        for short in ["TG0026", "tg0026", "26", "0026", "tg26", " TG0026 "] {
            assert_eq!(normal(short), "TG0026", "{short}");
        }
        assert_eq!(normal("nonsense"), "NONSENSE");
    }

    #[test]
    fn an_unknown_code_is_near_its_neighbours_or_what_is_spelt_like_it() {
        assert_eq!(near_codes("TG0037"), ["TG0036", "TG0035", "TG0034"]);
        assert_eq!(near_codes("TGO026"), ["TG0026"]);
        assert!(near_codes("NONSENSE").is_empty());
    }
}

//! What a run of the suite found, and the table that shows it.

use std::fmt::{self, Write};
use std::time::Duration;

/// One case on one implementation.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CaseResult {
    /// The case's name.
    pub case: &'static str,
    /// Why it failed; `None` when it passed. There is no third answer.
    pub failure: Option<String>,
    /// How long it took.
    pub took: Duration,
}

/// One implementation's results, in the order of the list of cases.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The harness's name.
    pub implementation: String,
    /// One for each case that was run.
    pub results: Vec<CaseResult>,
}

impl Report {
    /// How many cases passed.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.results.len() - self.failures().count()
    }

    /// The cases that failed, with the reason.
    pub fn failures(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.results.iter().filter_map(|r| Some((r.case, r.failure.as_deref()?)))
    }

    /// Case x implementation: a line for each case, a column for each report, counts at the foot, then the
    /// reasons of what failed.
    #[must_use]
    pub fn table(reports: &[Self]) -> String {
        Table { reports }.to_string()
    }

    fn cell(&self, case: &str) -> &'static str {
        match self.results.iter().find(|r| r.case == case) {
            None => "-",
            Some(CaseResult { failure: None, .. }) => "ok",
            Some(_) => "FAILED",
        }
    }
}

struct Table<'a> {
    reports: &'a [Report],
}

impl Table<'_> {
    /// Every case of any report, in order, once.
    fn cases(&self) -> Vec<&'static str> {
        let mut cases = Vec::new();
        for result in self.reports.iter().flat_map(|r| &r.results) {
            if !cases.contains(&result.case) {
                cases.push(result.case);
            }
        }
        cases
    }

    fn row(
        &self,
        f: &mut fmt::Formatter<'_>,
        first: &str,
        cell: impl Fn(&Report) -> String,
    ) -> fmt::Result {
        write!(f, "{first:<56}")?;
        for report in self.reports {
            write!(f, " {:>12}", cell(report))?;
        }
        f.write_char('\n')
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.row(f, "case", |r| r.implementation.clone())?;
        for case in self.cases() {
            self.row(f, case, |r| r.cell(case).into())?;
        }
        self.row(f, "passed", |r| r.passed().to_string())?;
        self.row(f, "cases", |r| r.results.len().to_string())?;
        for report in self.reports {
            for (case, reason) in report.failures() {
                writeln!(f, "{} failed {case}: {reason}", report.implementation)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, failures: [Option<&str>; 2]) -> Report {
        let result = |(case, failure): (&'static str, Option<&str>)| CaseResult {
            case,
            failure: failure.map(Into::into),
            took: Duration::ZERO,
        };
        let results = ["order", "headers"].into_iter().zip(failures).map(result).collect();
        Report { implementation: name.into(), results }
    }

    #[test]
    fn the_table_has_a_line_per_case_a_column_per_implementation_and_the_reasons() {
        let table = Report::table(&[
            report("embedded", [None, None]),
            report("sim", [None, Some("a null became empty")]),
        ]);
        let words: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(words[0], ["case", "embedded", "sim"]);
        assert_eq!(words[1], ["order", "ok", "ok"]);
        assert_eq!(words[2], ["headers", "ok", "FAILED"]);
        assert_eq!(words[3], ["passed", "2", "1"]);
        assert_eq!(words[4], ["cases", "2", "2"]);
        assert_eq!(table.lines().last(), Some("sim failed headers: a null became empty"));
    }
}

//! A query, parsed: what is wrong with it, and which labels its answer has.

use std::collections::{BTreeMap, BTreeSet};

use promql_parser::label::MatchOp;
use promql_parser::parser::{
    self, AggregateExpr, BinaryExpr, Call, Expr, LabelModifier, VectorSelector,
};

use super::known::{self, Series};

type Labels = BTreeSet<String>;

/// What there is to say about a query.
#[derive(Debug, Default)]
pub(crate) struct Query {
    /// The labels of its answer.
    pub(crate) labels: Labels,
    /// The numbers that stand in it.
    pub(crate) numbers: Vec<f64>,
    pub(crate) wrong: Vec<String>,
}

/// What Grafana fills in, as a test does.
pub(crate) fn filled(query: &str, rate: &str) -> String {
    let values =
        [("$__rate_interval", rate), ("$__interval", rate), ("$group", ".+"), ("$topic", ".+")];
    values.iter().fold(query.to_owned(), |query, (name, value)| query.replace(name, value))
}

/// Reads a query without variables.
pub(crate) fn read(query: &str) -> Query {
    let mut reading = Reading { known: known::series(), found: Query::default() };
    match parser::parse(query) {
        Ok(expr) => reading.found.labels = reading.labels(&expr),
        Err(error) => reading.found.wrong.push(error),
    }
    reading.found
}

struct Reading {
    known: BTreeMap<String, Series>,
    found: Query,
}

impl Reading {
    fn wrong(&mut self, what: String) {
        self.found.wrong.push(what);
    }

    /// The labels of what the expression gives.
    fn labels(&mut self, expr: &Expr) -> Labels {
        match expr {
            Expr::VectorSelector(selector) => self.selected(selector),
            Expr::MatrixSelector(matrix) => self.selected(&matrix.vs),
            Expr::Aggregate(aggregate) => self.aggregated(aggregate),
            Expr::Binary(binary) => self.joined(binary),
            Expr::Call(call) => self.called(call),
            Expr::Paren(inner) => self.labels(&inner.expr),
            Expr::Unary(inner) => self.labels(&inner.expr),
            Expr::Subquery(inner) => self.labels(&inner.expr),
            Expr::NumberLiteral(number) => {
                self.found.numbers.push(number.val);
                Labels::new()
            }
            Expr::StringLiteral(_) | Expr::Extension(_) => Labels::new(),
        }
    }

    fn selected(&mut self, selector: &VectorSelector) -> Labels {
        let name = selector.name.as_deref().unwrap_or_default();
        let Some(series) = self.known.get(name).cloned() else {
            self.wrong(format!("no metric {name:?}"));
            return Labels::new();
        };
        for matcher in &selector.matchers.matchers {
            if !series.labels.contains(matcher.name.as_str()) {
                self.wrong(format!("{name} has no label {}", matcher.name));
            }
            let values: Vec<_> = match matcher.op {
                MatchOp::Equal | MatchOp::NotEqual => vec![matcher.value.as_str()],
                MatchOp::Re(_) | MatchOp::NotRe(_) => matcher.value.split('|').collect(),
            };
            for value in values.into_iter().filter(|value| *value != ".+") {
                if !series.may_be(&matcher.name, value) {
                    self.wrong(format!("{name}: {} is never {value:?}", matcher.name));
                }
            }
        }
        series.labels.iter().map(|label| (*label).to_owned()).collect()
    }

    fn aggregated(&mut self, aggregate: &AggregateExpr) -> Labels {
        let inner = self.labels(&aggregate.expr);
        let Some(modifier) = &aggregate.modifier else { return Labels::new() };
        let named: Labels = modifier.labels().labels.iter().cloned().collect();
        self.are_in(&named, &inner);
        match modifier {
            LabelModifier::Include(_) => named,
            LabelModifier::Exclude(_) => &inner - &named,
        }
    }

    fn joined(&mut self, binary: &BinaryExpr) -> Labels {
        let (left, right) = (self.labels(&binary.lhs), self.labels(&binary.rhs));
        let modifier = binary.modifier.as_ref();
        if let Some(matching) = modifier.and_then(|modifier| modifier.matching.as_ref()) {
            let named: Labels = matching.labels().labels.iter().cloned().collect();
            self.are_in(&named, &left);
            self.are_in(&named, &right);
        }
        if left.is_empty() { right } else { left }
    }

    fn called(&mut self, call: &Call) -> Labels {
        let mut labels = Labels::new();
        for argument in &call.args.args {
            labels.extend(self.labels(argument));
            self.counts_as(call.func.name, argument);
        }
        if call.func.name == "histogram_quantile" && !labels.remove("le") {
            self.wrong("histogram_quantile needs le".to_owned());
        }
        labels
    }

    /// A rate is taken of what only grows, a slope of what does not.
    fn counts_as(&mut self, function: &str, argument: &Expr) {
        let Expr::MatrixSelector(matrix) = argument else { return };
        let wanted = match function {
            "rate" | "increase" | "irate" => true,
            "deriv" | "delta" | "changes" | "max_over_time" => false,
            _ => return,
        };
        let name = matrix.vs.name.as_deref().unwrap_or_default();
        if self.known.get(name).is_some_and(|series| series.counts != wanted) {
            self.wrong(format!(
                "{function} of {name}, which is {}a counter",
                if wanted { "not " } else { "" }
            ));
        }
    }

    fn are_in(&mut self, named: &Labels, there: &Labels) {
        for label in named - there {
            self.wrong(format!("no label {label} there"));
        }
    }
}

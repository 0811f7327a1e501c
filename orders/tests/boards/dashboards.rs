//! Grafana's dashboards.

use reqwest::Url;
use serde_json::Value;

use super::promql;
use crate::tree::{below, read};

/// One page.
#[derive(Debug)]
pub(crate) struct Board {
    pub(crate) path: String,
    pub(crate) json: Value,
}

/// One panel of it; rows, which only have a title, are panels too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Panel<'a> {
    pub(crate) json: &'a Value,
}

/// All of them.
pub(crate) fn all() -> Vec<Board> {
    let paths = below("deploy/grafana/dashboards").into_iter();
    let boards = paths.map(|path| {
        let json =
            serde_json::from_str(&read(&path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Board { path, json }
    });
    boards.collect()
}

/// The text of a field.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_else(|| panic!("no text {field}: {value}"))
}

/// The items of a field, none where it is missing.
pub(crate) fn list<'a>(value: &'a Value, field: &str) -> &'a [Value] {
    value[field].as_array().map_or(&[], Vec::as_slice)
}

impl Board {
    pub(crate) fn panels(&self) -> impl Iterator<Item = Panel<'_>> {
        list(&self.json, "panels").iter().map(|json| Panel { json })
    }

    /// Without rows.
    pub(crate) fn shown(&self) -> impl Iterator<Item = Panel<'_>> {
        self.panels().filter(|panel| !panel.is_row())
    }

    pub(crate) fn variables(&self) -> &[Value] {
        list(&self.json["templating"], "list")
    }

    /// Every query of the page: where it stands, and the query with its variables filled in. Those that give the choices of
    /// a variable are asked as the series that they take labels of.
    pub(crate) fn queries(&self, rate: &str) -> Vec<(String, String)> {
        let panels = self.shown().flat_map(|panel| {
            let queries = panel.targets().iter();
            queries.map(move |target| {
                (format!("{}: {}", self.path, panel.title()), text(target, "expr"))
            })
        });
        let notes = list(&self.json["annotations"], "list").iter();
        let notes = notes.map(|note| {
            (format!("{}: note {}", self.path, text(note, "name")), text(&note["target"], "expr"))
        });
        let chosen = self.variables().iter().filter_map(|variable| {
            let (series, _) = choices(variable)?;
            Some((format!("{}: ${}", self.path, text(variable, "name")), series))
        });
        let all = panels.chain(notes).chain(chosen);
        all.map(|(at, query)| (at, promql::filled(query, rate))).collect()
    }
}

/// Of `label_values(series, label)`: the series and the label.
pub(crate) fn choices(variable: &Value) -> Option<(&str, &str)> {
    let query = variable["query"]["query"].as_str()?;
    query.strip_prefix("label_values(")?.strip_suffix(')')?.rsplit_once(", ")
}

impl<'a> Panel<'a> {
    pub(crate) fn is_row(self) -> bool {
        self.json["type"] == "row"
    }

    pub(crate) fn title(self) -> &'a str {
        text(self.json, "title")
    }

    pub(crate) fn targets(self) -> &'a [Value] {
        list(self.json, "targets")
    }

    /// x, y, width, height.
    pub(crate) fn place(self) -> [u64; 4] {
        ["x", "y", "w", "h"].map(|side| self.json["gridPos"][side].as_u64().unwrap())
    }

    /// The alerts that its description names.
    pub(crate) fn alerts(self) -> Vec<&'a str> {
        let sentences = text(self.json, "description").split("Alert: ").skip(1);
        sentences.map(|rest| rest.split('.').next().unwrap()).collect()
    }

    /// The tags of the spans that its links to traces look for: name and value, which Grafana keeps as `name=value`.
    pub(crate) fn tags(self) -> Vec<(String, String)> {
        let links = list(self.json, "links").iter().map(|link| text(link, "url"));
        let panes = links.filter_map(|url| {
            let url = Url::parse("http://grafana").unwrap().join(url).unwrap();
            let panes = url.query_pairs().find(|(name, _)| name == "panes")?.1;
            Some(
                serde_json::from_str::<Value>(&panes)
                    .unwrap_or_else(|why| panic!("{panes}: {why}")),
            )
        });
        let found = panes.flat_map(|panes| {
            let queries = list(&panes["t"], "queries").iter();
            queries.map(|query| text(query, "tags").to_owned()).collect::<Vec<_>>()
        });
        let pairs = |tags: String| {
            let tags = tags.split_whitespace().map(|tag| tag.split_once('=').unwrap());
            tags.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
        };
        found.flat_map(pairs).collect()
    }

    /// From where on it is coloured.
    pub(crate) fn thresholds(self) -> Vec<f64> {
        let steps = list(&self.json["fieldConfig"]["defaults"]["thresholds"], "steps");
        steps.iter().filter_map(|step| step["value"].as_f64()).collect()
    }
}

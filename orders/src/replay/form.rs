//! Reading what a client sent, field by field, so that one answer names everything that is wrong with it.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde_json::Value;

use crate::http::{FieldError, Fields};

/// The fields of a query or of a JSON object. Each is taken out by name; what is left at the end is unknown.
#[derive(Debug, Default)]
pub(super) struct Form {
    values: BTreeMap<String, Value>,
    errors: Vec<FieldError>,
}

impl Form {
    /// From a query's pairs, decoded.
    pub(super) fn of_query(pairs: Vec<(String, String)>) -> Self {
        let mut form = Self::default();
        for (name, value) in pairs {
            if form.values.insert(name.clone(), Value::String(value)).is_some() {
                form.wrong(&name, "is given twice");
            }
        }
        form
    }

    /// From a JSON body. A null counts as absent.
    pub(super) fn of_object(object: Fields<Value>) -> Self {
        let errors = object.repeated().collect();
        let values = object.values.into_iter().filter(|(_, value)| !value.is_null()).collect();
        Self { values, errors }
    }

    /// Notes what is wrong.
    pub(super) fn wrong(&mut self, field: &str, reason: impl Into<String>) {
        self.errors.push(FieldError::new(field, reason));
    }

    /// Text that is not empty.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        match self.values.remove(name)? {
            Value::String(text) if !text.is_empty() => Some(text),
            _ => {
                self.wrong(name, "must be text that is not empty");
                None
            }
        }
    }

    /// Text that means something.
    pub(super) fn parsed<T>(&mut self, name: &str, expected: &str) -> Option<T>
    where
        T: std::str::FromStr,
    {
        let text = self.text(name)?;
        let parsed = text.parse().ok();
        if parsed.is_none() {
            self.wrong(name, expected);
        }
        parsed
    }

    /// A moment.
    pub(super) fn time(&mut self, name: &str) -> Option<Timestamp> {
        self.parsed(name, "must be a time by RFC 3339, such as 2026-05-04T12:00:00Z")
    }

    /// A whole number within the range.
    pub(super) fn number(&mut self, name: &str, range: RangeInclusive<u64>, default: u64) -> u64 {
        let Some(value) = self.values.remove(name) else { return default };
        let number = match &value {
            Value::String(text) => digits(text),
            other => other.as_u64(),
        };
        match number.filter(|number| range.contains(number)) {
            Some(number) => number,
            None => {
                let (low, high) = range.into_inner();
                self.wrong(name, format!("must be a whole number from {low} to {high}"));
                default
            }
        }
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.values.remove(name) {
            None => false,
            Some(Value::Bool(flag)) => flag,
            Some(Value::String(text)) if text == "true" || text == "false" => text == "true",
            Some(_) => {
                self.wrong(name, "must be true or false");
                false
            }
        }
    }

    /// A list of texts; absent and empty are the same.
    pub(super) fn list(&mut self, name: &str, most: usize) -> Vec<String> {
        let Some(value) = self.values.remove(name) else { return Vec::new() };
        match serde_json::from_value::<Vec<String>>(value) {
            Ok(list) if list.len() <= most => list,
            Ok(_) => {
                self.wrong(name, format!("must have at most {most} entries"));
                Vec::new()
            }
            Err(_) => {
                self.wrong(name, "must be a list of texts");
                Vec::new()
            }
        }
    }

    /// What was wrong, unknown fields included.
    pub(super) fn finish(mut self) -> Result<(), Vec<FieldError>> {
        for name in std::mem::take(&mut self.values).into_keys() {
            self.wrong(&name, "is not a field of this request");
        }
        if self.errors.is_empty() { Ok(()) } else { Err(self.errors) }
    }
}

/// Digits only: `parse` alone would take a sign too.
fn digits(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn object(value: Value) -> Form {
        Form::of_object(serde_json::from_value(value).unwrap())
    }

    fn fields(errors: Result<(), Vec<FieldError>>) -> Vec<String> {
        errors.unwrap_err().into_iter().map(|error| error.field).collect()
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let mut form = object(json!({"n": -1, "t": "noon", "l": [1], "b": "yes", "s": "", "x": 1}));
        assert_eq!(form.number("n", 1..=5, 3), 3);
        assert_eq!(form.time("t"), None);
        assert_eq!(form.list("l", 5), Vec::<String>::new());
        assert!(!form.flag("b"));
        assert_eq!(form.text("s"), None);
        assert_eq!(fields(form.finish()), ["n", "t", "l", "b", "s", "x"]);
    }

    #[test]
    fn numbers_keep_to_their_range_in_both_spellings() {
        for (value, expected) in [(json!(5), Some(5)), (json!("5"), Some(5)), (json!(6), None)] {
            let mut form = object(json!({ "n": value }));
            let number = form.number("n", 1..=5, 0);
            assert_eq!(form.finish().ok().map(|()| number), expected);
        }
        for value in [json!(0), json!(1.5), json!("+1"), json!("-1"), json!(true)] {
            let mut form = object(json!({ "n": value }));
            form.number("n", 1..=5, 0);
            assert_eq!(fields(form.finish()), ["n"], "{value}");
        }
    }

    #[test]
    fn a_field_that_is_given_twice_is_refused() {
        let mut form = Form::of_object(serde_json::from_str(r#"{"a":true,"a":true}"#).unwrap());
        form.flag("a");
        assert_eq!(fields(form.finish()), ["a"]);
        let pairs = vec![("a".to_owned(), "1".to_owned()), ("a".to_owned(), "2".to_owned())];
        let mut form = Form::of_query(pairs);
        form.text("a");
        assert_eq!(fields(form.finish()), ["a"]);
    }

    #[test]
    fn absent_and_null_are_the_default() {
        let mut form = object(json!({"n": null}));
        assert_eq!((form.number("n", 1..=5, 3), form.flag("b"), form.text("s")), (3, false, None));
        form.finish().unwrap();
    }
}

//! JSON text.

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::error::Category;
use serde_json::value::RawValue;

use crate::codec::{Codec, Decode, DecodeError, Encode, EncodeError, Envelope};

/// Room for an event of ordinary size, in bytes: it is not moved while it is written.
const ROOM: usize = 1024;

/// Events as JSON text, by serde.
///
/// Nothing may follow the value; nesting is limited (128 levels); a key that serde knows may not come twice.
#[derive(Debug, Clone, Copy, Default)]
pub struct Json;

impl Codec for Json {
    fn envelope(&self, bytes: &[u8]) -> Result<Envelope, DecodeError> {
        let fields: Fields<'_> = serde_json::from_slice(bytes).map_err(|e| without_content(&e))?;
        let text = |raw: Option<&RawValue>| serde_json::from_str(raw?.get()).ok();
        Ok(Envelope {
            event_type: text(fields.event_type),
            event_id: text(fields.event_id),
            correlation_id: text(fields.correlation_id),
        })
    }
}

/// What is looked for in a body; what is not text counts as absent.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow)]
    event_type: Option<&'a RawValue>,
    #[serde(borrow)]
    event_id: Option<&'a RawValue>,
    #[serde(borrow)]
    correlation_id: Option<&'a RawValue>,
}

impl<T: DeserializeOwned> Decode<T> for Json {
    fn decode(&self, bytes: &[u8]) -> Result<T, DecodeError> {
        serde_json::from_slice(bytes).map_err(|e| without_content(&e))
    }
}

impl<T: Serialize> Encode<T> for Json {
    fn encode(&self, value: &T) -> Result<Bytes, EncodeError> {
        let mut json = Vec::with_capacity(ROOM);
        serde_json::to_writer(&mut json, value).map_err(|e| EncodeError::new(e.to_string()))?;
        // Without the room that was not needed: a record may stay in memory for long.
        Ok(json.into_boxed_slice().into())
    }
}

/// Says what kind of error, and where. serde's own text of a data error may quote the value, which may be a secret;
/// of it only what names a field of the type is kept.
fn without_content(error: &serde_json::Error) -> DecodeError {
    let (line, column) = (error.line(), error.column());
    let what = match error.classify() {
        Category::Data => data_error(&error.to_string()),
        Category::Syntax => syntax_error(&error.to_string()),
        Category::Eof => "the JSON text ends too early".into(),
        Category::Io => "the JSON text cannot be read".into(),
    };
    DecodeError::new(format!("{what}, at line {line} column {column}"))
}

/// serde's messages whose variable part is a name from the type's own definition.
fn data_error(text: &str) -> String {
    const FIELD: [&str; 2] = ["missing field `", "duplicate field `"];
    const VALUE: [&str; 5] =
        ["invalid type", "invalid value", "invalid length", "unknown variant", "unknown field"];
    let starts = |names: &[&str]| names.iter().any(|name| text.starts_with(name));
    if starts(&FIELD) {
        return without_place(text).into();
    }
    // The value stands before the last `, expected`, the type's own words behind it.
    match text.rsplit_once(", expected ") {
        Some((_, expected)) if starts(&VALUE) => {
            format!("a value is not what is expected: {}", without_place(expected))
        }
        _ => "a value is not what the type takes".into(),
    }
}

/// serde_json ends its messages with the place.
fn without_place(text: &str) -> &str {
    text.rsplit_once(" at line ").map_or(text, |(text, _)| text)
}

/// serde_json's syntax messages are fixed texts without content.
fn syntax_error(text: &str) -> String {
    format!("not valid JSON: {}", without_place(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Card {
        number: u32,
        holder: String,
    }

    fn error(json: &str) -> String {
        Decode::<Card>::decode(&Json, json.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn an_error_names_the_place_and_never_the_content() {
        let wrong = error("{\"number\": \"4711, expected secret\",\n \"holder\": \"x\"}");
        assert!(!wrong.contains("secret"), "{wrong}");
        assert!(wrong.contains("u32") && wrong.contains("line 1"), "{wrong}");
        assert_eq!(error("{\"number\": 1}"), "missing field `holder`, at line 1 column 13");
    }

    #[test]
    fn what_serde_refuses_is_an_error_and_no_crash() {
        assert!(error("{\"number\":1,\"holder\":\"a\"} x").contains("trailing characters"));
        assert!(
            error("{\"number\":1,\"number\":2,\"holder\":\"a\"}")
                .contains("duplicate field `number`")
        );
        assert!(error("").contains("ends too early"));
        let deep = "[".repeat(1_000_000);
        assert!(Decode::<serde_json::Value>::decode(&Json, deep.as_bytes()).is_err());
        let huge = format!("{{\"number\":1,\"holder\":\"{}", "x".repeat(10 << 20));
        assert!(error(&huge).contains("ends too early"));
    }

    #[test]
    fn the_body_tells_what_it_is() {
        let body = br#"{"data":[[{}]],"event_type":"a.b","event_id":7,"correlation_id":"c"}"#;
        let envelope = Json.envelope(body).unwrap();
        assert_eq!(envelope.event_type.as_deref(), Some("a.b"));
        assert_eq!(envelope.event_id, None, "not text: as if it was not there");
        assert_eq!(envelope.correlation_id.as_deref(), Some("c"));
        assert!(Json.envelope(&b"{".repeat(1_000_000)).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_answer(bytes in any::<Vec<u8>>()) {
            let _ = Json.envelope(&bytes);
            let _ = Decode::<Card>::decode(&Json, &bytes);
        }

        #[test]
        fn what_is_written_can_be_read(number in any::<u32>(), holder in any::<String>()) {
            let card = Card { number, holder };
            let bytes = Json.encode(&card).unwrap();
            prop_assert_eq!(Decode::<Card>::decode(&Json, &bytes).unwrap(), card);
        }
    }
}

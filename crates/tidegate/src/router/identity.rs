//! What a record says about itself: type, id, correlation.
//!
//! ```text
//!  type         header event_type ─▶ header ce_type ─▶ body event_type ─▶ undecodable
//!  id           header event_id ───▶ header ce_id ───▶ body event_id ───▶ first origin topic/partition/offset
//!  correlation  header correlation_id ───────────────▶ body correlation_id ─▶ the id
//! ```
//!
//! Empty and null count as absent: an empty id would make all events one. A header that is not text, or too long, is
//! said, not guessed around: the record is undecodable.

use std::cell::OnceCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::codec::{DecodeError, Envelope};
use crate::dead_letter::Origin;
use crate::event::EventId;
use crate::headers::{Headers, names};
use crate::message::Record;

/// The longest type, id or correlation id, in bytes.
const MAX_LEN: usize = EventId::MAX_LEN;
/// Not in any text that PostgreSQL stores: an id with it could never be claimed, and its partition would wait for ever.
const NUL: char = '\0';

/// Reads a body's envelope.
pub(crate) type ReadEnvelope = Arc<dyn Fn(&[u8]) -> Result<Envelope, DecodeError> + Send + Sync>;

/// A record's identity (rule 24).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Or why there is none.
    pub(crate) event_type: Result<Arc<str>, String>,
    pub(crate) event_id: EventId,
    pub(crate) correlation_id: Arc<str>,
}

/// Finds a record's identity. Any bytes have one (test `any_record_has_an_identity_and_an_outcome`).
///
/// `known` gives a type that need not be copied.
pub(crate) fn identify(
    record: &Record,
    read: &ReadEnvelope,
    known: impl Fn(&str) -> Option<Arc<str>>,
) -> Identity {
    let body = Body { record, read, envelope: OnceCell::new() };
    let Said { id, event_type, correlation } = body.said();
    let event_id = match id {
        Ok(Some(id)) => EventId::new(id),
        _ => Origin::of(record).event_id(),
    };
    let correlation_id = match correlation {
        Ok(Some(id)) => id.into(),
        _ => event_id.as_str().into(),
    };
    let event_type = event_type.map(|name| known(name).unwrap_or_else(|| name.into()));
    Identity { event_type, event_id, correlation_id }
}

/// Looks at a record's type alone; `None`: it is undecodable.
pub(crate) fn of_type<T>(
    record: &Record,
    read: &ReadEnvelope,
    look: impl FnOnce(Option<&str>) -> T,
) -> T {
    let body = Body { record, read, envelope: OnceCell::new() };
    look(body.said().event_type.ok())
}

/// What a record says, by reference.
struct Said<'a> {
    id: Result<Option<&'a str>, String>,
    /// Or what is wrong with any of them.
    event_type: Result<&'a str, String>,
    correlation: Result<Option<&'a str>, String>,
}

/// The record's body, read when a header is missing, and once.
struct Body<'a> {
    record: &'a Record,
    read: &'a ReadEnvelope,
    envelope: OnceCell<Result<Envelope, DecodeError>>,
}

impl Body<'_> {
    fn envelope(&self) -> &Result<Envelope, DecodeError> {
        self.envelope.get_or_init(|| match &self.record.value {
            Some(bytes) => unpanicked(|| (self.read)(bytes)),
            None => Err(DecodeError::new("the value is null")),
        })
    }

    fn said(&self) -> Said<'_> {
        let id = self.find(&[names::EVENT_ID, names::CE_ID], |e| &e.event_id);
        let event_type = self.find(&[names::EVENT_TYPE, names::CE_TYPE], |e| &e.event_type);
        let correlation = self.find(&[names::CORRELATION_ID], |e| &e.correlation_id);
        let fault = [&id, &correlation].into_iter().find_map(|found| found.as_ref().err().cloned());
        let event_type = match fault {
            Some(fault) => Err(fault),
            None => event_type.and_then(|found| found.ok_or_else(|| self.without_type())),
        };
        Said { id, event_type, correlation }
    }

    /// From the first header that is there, else from the body.
    fn find(
        &self,
        headers: &[&str],
        field: impl Fn(&Envelope) -> &Option<String>,
    ) -> Result<Option<&str>, String> {
        for name in headers {
            if let Some(text) = header(&self.record.headers, name)? {
                return Ok(Some(text));
            }
        }
        let Ok(envelope) = self.envelope() else { return Ok(None) };
        match field(envelope).as_deref() {
            None | Some("") => Ok(None),
            Some(text) if text.len() > MAX_LEN => {
                Err(format!("a field of the body's identity is longer than {MAX_LEN} bytes"))
            }
            Some(text) if text.contains(NUL) => {
                Err("a field of the body's identity contains a NUL".to_owned())
            }
            Some(text) => Ok(Some(text)),
        }
    }

    fn without_type(&self) -> String {
        let headers = "no event type: neither header `event_type` nor `ce_type`";
        match self.envelope() {
            Ok(_) => format!("{headers}, nor a field `event_type` in the body"),
            Err(error) => format!("{headers}, and the body cannot tell: {error}"),
        }
    }
}

/// Any bytes may come: a format whose reader panics makes a record undecodable, and does not stop the service.
fn unpanicked(
    read: impl FnOnce() -> Result<Envelope, DecodeError>,
) -> Result<Envelope, DecodeError> {
    let caught = catch_unwind(AssertUnwindSafe(read));
    caught.unwrap_or_else(|_| Err(DecodeError::new("the format's reader panicked")))
}

/// A header's text; `None` when it is absent, null or empty.
fn header<'a>(headers: &'a Headers, name: &str) -> Result<Option<&'a str>, String> {
    let Some(bytes) = headers.get(name).filter(|bytes| !bytes.is_empty()) else {
        return Ok(None);
    };
    if bytes.len() > MAX_LEN {
        return Err(format!("header `{name}` is longer than {MAX_LEN} bytes"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) if text.contains(NUL) => Err(format!("header `{name}` contains a NUL")),
        Ok(text) => Ok(Some(text)),
        Err(_) => Err(format!("header `{name}` is not UTF-8")),
    }
}

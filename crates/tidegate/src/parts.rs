//! Bytes one behind the other, each of which may be null: a `u32` length, little endian, and the bytes; `u32::MAX`: null.

use bytes::{Buf, BufMut, Bytes};

use crate::headers::{Header, Headers};

const NULL: u32 = u32::MAX;

/// Bytes that each part takes besides its own.
pub(crate) const LENGTH: usize = 4;

pub(crate) fn put(out: &mut Vec<u8>, part: Option<&[u8]>) {
    // What is longer than 4 GiB cannot have come through any log.
    let len = part.map_or(NULL, |p| u32::try_from(p.len()).unwrap_or(NULL));
    out.put_u32_le(len);
    out.put_slice(part.unwrap_or_default());
}

/// The next part, without a copy; `None` when there is none in full. What a length claims is not believed: nothing is
/// allocated for it.
pub(crate) fn take(from: &mut Bytes) -> Option<Option<Bytes>> {
    match from.try_get_u32_le().ok()? {
        NULL => Some(None),
        len => {
            let len = usize::try_from(len).ok()?;
            (from.remaining() >= len).then(|| Some(from.split_to(len)))
        }
    }
}

/// Name and value of each header, in order.
pub(crate) fn put_headers(out: &mut Vec<u8>, headers: &Headers) {
    for header in headers {
        put(out, Some(header.name.as_bytes()));
        put(out, header.value.as_deref());
    }
}

/// All that is left, as headers.
pub(crate) fn take_headers(mut from: Bytes) -> Option<Headers> {
    let mut headers = Headers::new();
    while from.has_remaining() {
        let name = take(&mut from)??;
        let name = std::str::from_utf8(&name).ok()?.into();
        headers.push_raw(Header { name, value: take(&mut from)? });
    }
    Some(headers)
}

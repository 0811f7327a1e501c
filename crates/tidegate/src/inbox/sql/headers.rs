//! How a row of the outbox stores headers.
//!
//! Bytes, version 1: `u8` 1, then for each header `u32` length and bytes of the name, `u32` length and bytes of the value
//! (length `u32::MAX`: null). Little endian. Golden test: `headers_have_a_fixed_form`.

use bytes::{Buf, BufMut, Bytes};

use crate::headers::{Header, Headers};

const VERSION: u8 = 1;
const NULL: u32 = u32::MAX;

pub(super) fn encode(headers: &Headers) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + headers.size());
    out.put_u8(VERSION);
    for header in headers {
        put(&mut out, Some(header.name.as_bytes()));
        put(&mut out, header.value.as_deref());
    }
    out
}

fn put(out: &mut Vec<u8>, part: Option<&[u8]>) {
    // A header longer than 4 GiB cannot have come through any log.
    let len = part.map_or(NULL, |p| u32::try_from(p.len()).unwrap_or(NULL));
    out.put_u32_le(len);
    out.put_slice(part.unwrap_or_default());
}

pub(super) fn decode(mut from: Bytes) -> Option<Headers> {
    if from.try_get_u8().ok()? != VERSION {
        return None;
    }
    let mut headers = Headers::new();
    while from.has_remaining() {
        let name = take(&mut from)??;
        let name = std::str::from_utf8(&name).ok()?.into();
        headers.push_raw(Header { name, value: take(&mut from)? });
    }
    Some(headers)
}

fn take(from: &mut Bytes) -> Option<Option<Bytes>> {
    match from.try_get_u32_le().ok()? {
        NULL => Some(None),
        len => {
            let len = usize::try_from(len).ok()?;
            (from.remaining() >= len).then(|| Some(from.split_to(len)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_have_a_fixed_form() {
        let headers: Headers = [
            Header { name: "a".into(), value: Some(Bytes::from_static(b"xy")) },
            Header { name: "n".into(), value: None },
        ]
        .into_iter()
        .collect();
        let golden = b"\x01\x01\0\0\0a\x02\0\0\0xy\x01\0\0\0n\xff\xff\xff\xff";
        assert_eq!(encode(&headers), golden);
        assert_eq!(decode(Bytes::from_static(golden)), Some(headers));
        for cut in 1..golden.len() {
            let whole = decode(Bytes::copy_from_slice(&golden[..cut]));
            assert!(whole.is_none_or(|h| h.len() < 2), "cut at {cut}");
        }
    }
}

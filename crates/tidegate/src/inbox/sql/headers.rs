//! How a row of the outbox stores headers.
//!
//! Bytes, version 1: `u8` 1, then for each header `u32` length and bytes of the name, `u32` length and bytes of the value
//! (length `u32::MAX`: null). Little endian. Golden test: `headers_have_a_fixed_form`.

use bytes::{Buf, BufMut, Bytes};

use crate::headers::Headers;
use crate::parts::{put_headers, take_headers};

const VERSION: u8 = 1;

pub(super) fn encode(headers: &Headers) -> Vec<u8> {
    let mut out = Vec::with_capacity(1 + headers.size());
    out.put_u8(VERSION);
    put_headers(&mut out, headers);
    out
}

pub(super) fn decode(mut from: Bytes) -> Option<Headers> {
    if from.try_get_u8().ok()? != VERSION {
        return None;
    }
    take_headers(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::headers::Header;

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

//! Which handler gets which record.

pub(crate) mod endpoint;

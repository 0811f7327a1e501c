//! Which brokers a client knows.

use std::ffi::CStr;

use rdkafka::ClientContext;
use rdkafka::bindings;
use rdkafka::client::Client;

/// Whether the last answer about the cluster named a controller, as every one does that names a broker. Asks nobody.
pub(in crate::broker::kafka) fn knows_controller<C: ClientContext>(client: &Client<C>) -> bool {
    // SAFETY: `client` is alive; without a time limit what is kept is read under the client's own lock.
    unsafe { bindings::rd_kafka_controllerid(client.native_ptr(), 0) >= 0 }
}

/// Tells it addresses to ask, as at the start. Those that it knows make no difference.
pub(in crate::broker::kafka) fn add_brokers<C: ClientContext>(
    client: &Client<C>,
    addresses: &CStr,
) {
    // SAFETY: `client` is alive; the text is NUL-terminated and copied before this returns.
    unsafe { bindings::rd_kafka_brokers_add(client.native_ptr(), addresses.as_ptr()) };
}

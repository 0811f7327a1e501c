//! What is posted.

/// An order such as clients send.
pub(crate) const ORDER: &str =
    r#"{"customer_id":"customer-4711","product_id":"widget","quantity":3,"price":19.99}"#;

/// How many orders go into an array.
pub(crate) const BATCH: usize = 100;

/// An array of orders.
pub(crate) fn batch() -> String {
    format!("[{}]", vec![ORDER; BATCH].join(","))
}

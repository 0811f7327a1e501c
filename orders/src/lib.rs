//! The order platform: the reference system on Tidegate.

pub mod config;
pub mod consumer;
pub mod gateway;
pub mod http;
pub mod load;
pub mod model;
pub mod order;
pub mod producer;
pub mod replay;
pub mod sample;
pub mod topics;

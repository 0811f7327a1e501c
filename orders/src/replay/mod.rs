//! The replay service.
mod form;

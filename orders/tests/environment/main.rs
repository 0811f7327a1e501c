//! The environment agrees with the program and with the tree: each variable is one of `--help`, each path is there, each
//! port is in `docs/ports.md`, each command of a page exists. Nothing of it is run here: CI has no container engine.
//!
//! ```text
//!  compose.yaml  Dockerfile  Makefile  scripts  docs
//!        \          \           |        /      /
//!         names, paths, ports, commands that they use
//!                               |
//!       orders --help    the tree    docs/ports.md    Makefile
//! ```

#![allow(clippy::unwrap_used, clippy::panic, reason = "the helpers of tests may fail as tests do")]

mod alerts;
#[path = "../boards/mod.rs"]
mod boards;
mod compose;
mod dashboards;
mod image;
mod metrics;
mod pages;
mod ports;
mod program;
mod promises;
mod servers;
mod setup;
mod tree;
mod troubleshooting;
mod variables;

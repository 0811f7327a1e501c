//! Dashboards, rules and runbooks, read as what they are.
//!
//! ```text
//!  deploy/grafana/dashboards ─▶ panels ─┐
//!  deploy/prometheus/rules ───▶ rules ──┼─▶ PromQL ─▶ names, labels, words ◀── names modules of framework and system
//!  docs/alerts.md ────────────▶ spans ──┘
//! ```

#![allow(dead_code, reason = "two test binaries share it, and neither uses all of it")]

pub(crate) mod dashboards;
pub(crate) mod known;
pub(crate) mod promql;
pub(crate) mod rules;

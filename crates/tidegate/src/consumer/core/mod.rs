//! The consumer as a state machine: `step(event, now) -> commands`. No I/O, no clock, no random.
//!
//! ```text
//!            Event                                      Command
//!   broker ─ Assigned Delivered Revoking Lost ─▶ ┌──────┐ ─ Own Start Pause Resume Commit Release ─▶ driver
//!   lanes  ─ Ran Stepped ──────────────────────▶ │ Core │ ─ Run Step Hold Lease Cancel ───────────▶ driver
//!   time   ─ Timer Shutdown ───────────────────▶ └──────┘ ─ Tell Stopped ─────────────────────────▶ driver
//! ```

mod attempt;
mod budget;
mod command;
mod commit;
mod commit_entry;
mod config;
mod cx;
mod drain;
mod event;
mod facts;
mod lease;
mod ledger;
mod lines;
mod machine;
mod member;
pub mod metadata;
mod outage;
mod ownership;
mod partition;
mod pauses;
pub(crate) mod percent;
mod places;
mod schedule;
mod serve;
mod settle;
mod stop;
mod tracker;
mod watch;
mod window;
mod work;

pub(crate) use facts::Facts;
pub(crate) use window::Window;

pub use command::{Attempt, Command, End, Start, Step, StepKind, Stopped};
pub use config::{CoreConfig, Scheduling};
pub use event::{Delivered, Event, LocalEpoch, Now, OwnFailure, StepFailure, Verdict, WorkId};
pub use ledger::{Counts, Ledger};
pub use machine::Core;
pub use schedule::{Fence, Hold, Note, Noted, Postponed, Recalled, Stamp};

//! Events and handlers that the tests share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};
use tidegate::class::{Class, Classify};
use tidegate::prelude::*;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ordered {
    pub(crate) id: String,
}

impl Event for Ordered {
    const TYPE: &'static str = "order.created";
    fn key(&self) -> Key<'_> {
        Key::from(&self.id)
    }
}

pub(crate) fn order(id: &str) -> Ordered {
    Ordered { id: id.to_owned() }
}

/// What a handler does to one order after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Do {
    Work,
    Fail(Class),
    Panic,
    Hang,
}

#[derive(Debug, thiserror::Error)]
#[error("the script says {0}")]
pub(crate) struct Scripted(pub(crate) Class);

impl Classify for Scripted {
    fn class(&self) -> Class {
        self.0
    }
}

/// Calls of a handler, and what it does at each: the last entry goes on for ever.
#[derive(Debug, Default)]
pub(crate) struct Script {
    steps: Mutex<Vec<Do>>,
    calls: AtomicU32,
    seen: Mutex<Vec<String>>,
}

impl Script {
    pub(crate) fn of(steps: &[Do]) -> Arc<Self> {
        Arc::new(Self { steps: Mutex::new(steps.to_vec()), ..Self::default() })
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }

    /// The ids that the handler was called for, in order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) async fn play(&self, id: &str) -> Result<(), Scripted> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.seen.lock().unwrap().push(id.to_owned());
        let step = {
            let mut steps = self.steps.lock().unwrap();
            if steps.len() > 1 { steps.remove(0) } else { *steps.first().unwrap_or(&Do::Work) }
        };
        match step {
            Do::Work => Ok(()),
            Do::Fail(class) => Err(Scripted(class)),
            Do::Panic => panic!("scripted panic"),
            Do::Hang => std::future::pending().await,
        }
    }
}

pub(crate) async fn scripted(
    Payload(order): Payload<Ordered>,
    State(script): State<Arc<Script>>,
) -> Result<(), Scripted> {
    script.play(&order.id).await
}

//! Failures on demand: a `product_id` may say what is to go wrong.
//!
//! | product | what happens |
//! |---|---|
//! | `fail-transient-<n>` | attempts up to `n` fail, as something that may heal |
//! | `fail-always` | every attempt fails so |
//! | `fail-permanent` | fails as something that never heals |
//! | `fail-until-replay` | fails so, unless the record is a replay |
//! | `slow-<ms>` | takes so many milliseconds longer |
//! | `blocking-<ms>` | keeps its thread for so many milliseconds: what no handler should do |
//! | `poison` | the handler panics |
//! | `poison-data` | the handler panics with a text that holds the customer: what a program should not do, and others do |
//! | `crash` | the process aborts, if `ALLOW_CRASH` is set |
//!
//! All `fail-*` fail after the charge: every attempt then offers the same idempotency key to the gateway, so a failed
//! order has at most one performed charge.

use std::time::Duration;

use super::error::ProcessError;

/// What a product asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Steer {
    /// An ordinary product.
    None,
    FailTransient {
        up_to: u32,
    },
    FailAlways,
    FailPermanent,
    FailUntilReplay,
    Slow(Duration),
    Blocking(Duration),
    Poison,
    PoisonData,
    Crash,
}

impl Steer {
    /// Anything that is not one of the words is an ordinary product.
    pub(super) fn of(product_id: &str) -> Self {
        match product_id {
            "fail-always" => Self::FailAlways,
            "fail-permanent" => Self::FailPermanent,
            "fail-until-replay" => Self::FailUntilReplay,
            "poison" => Self::Poison,
            "poison-data" => Self::PoisonData,
            "crash" => Self::Crash,
            other => Self::with_number(other).unwrap_or(Self::None),
        }
    }

    fn with_number(product_id: &str) -> Option<Self> {
        if let Some(attempts) = product_id.strip_prefix("fail-transient-") {
            return Some(Self::FailTransient { up_to: number(attempts)? });
        }
        let pause = |word| {
            let millis = product_id.strip_prefix(word)?;
            Some(Duration::from_millis(number(millis)?.into()))
        };
        pause("slow-").map(Self::Slow).or_else(|| pause("blocking-").map(Self::Blocking))
    }

    /// Before the charge.
    pub(super) async fn before_charge(self, allow_crash: bool) {
        match self {
            Self::Slow(pause) => tokio::time::sleep(pause).await,
            Self::Blocking(pause) => std::thread::sleep(pause),
            Self::Crash if allow_crash => {
                tracing::error!(
                    "the product `crash` was ordered, and ALLOW_CRASH is set: aborting"
                );
                std::process::abort();
            }
            _ => {}
        }
    }

    /// After the charge.
    ///
    /// # Panics
    /// For `poison` and `poison-data`: that is what they are for.
    pub(super) fn after_charge(
        self,
        customer_id: &str,
        attempt: u32,
        replayed: bool,
    ) -> Result<(), ProcessError> {
        let transient = |why: String| Err(ProcessError::Transient(why));
        match self {
            Self::FailTransient { up_to } if attempt <= up_to => {
                transient(format!("fail-transient: attempt {attempt} of {up_to} that fail"))
            }
            Self::FailAlways => transient("fail-always".to_owned()),
            Self::FailPermanent => Err(ProcessError::Permanent("fail-permanent".to_owned())),
            Self::FailUntilReplay if !replayed => {
                Err(ProcessError::Permanent("fail-until-replay: this is no replay".to_owned()))
            }
            Self::Poison => poison(),
            Self::PoisonData => poison_with(customer_id),
            _ => Ok(()),
        }
    }
}

#[allow(clippy::panic, reason = "a handler that panics is what is simulated")]
fn poison() -> ! {
    panic!("poison")
}

#[allow(clippy::panic, reason = "a handler that panics is what is simulated")]
fn poison_with(customer_id: &str) -> ! {
    panic!("poison: no price for the customer {customer_id}")
}

/// Digits only: `parse` alone would take a sign too.
fn number(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_known_and_other_products_are_just_products() {
        let slow = Steer::Slow(Duration::from_millis(250));
        for (product, steer) in [
            ("fail-transient-2", Steer::FailTransient { up_to: 2 }),
            ("fail-always", Steer::FailAlways),
            ("fail-permanent", Steer::FailPermanent),
            ("fail-until-replay", Steer::FailUntilReplay),
            ("slow-250", slow),
            ("blocking-250", Steer::Blocking(Duration::from_millis(250))),
            ("poison", Steer::Poison),
            ("poison-data", Steer::PoisonData),
            ("crash", Steer::Crash),
            ("book", Steer::None),
            ("fail-transient-", Steer::None),
            ("fail-transient-x", Steer::None),
            ("slow-+1", Steer::None),
            ("slow-99999999999", Steer::None),
            ("Poison", Steer::None),
        ] {
            assert_eq!(Steer::of(product), steer, "{product}");
        }
    }

    #[test]
    fn transient_failures_heal_when_they_said_so() {
        let steer = Steer::FailTransient { up_to: 2 };
        let results = [1, 2, 3].map(|attempt| steer.after_charge("c", attempt, false).is_ok());
        assert_eq!(results, [false, false, true]);
    }

    #[test]
    fn a_replay_heals_only_what_waits_for_one() {
        assert!(Steer::FailUntilReplay.after_charge("c", 1, false).is_err());
        assert!(Steer::FailUntilReplay.after_charge("c", 1, true).is_ok());
        assert!(Steer::FailAlways.after_charge("c", 1, true).is_err());
    }
}

//! The first argument: the event itself.

use std::ops::{Deref, DerefMut};

use crate::class::{Class, Failure};
use crate::codec::Decode;
use crate::delivery::Delivery;
use crate::event::Event;

/// The decoded event: the first argument of every handler.
///
/// Bytes that are not a `T` never reach the handler: the record is dead-lettered as
/// [`Undecodable`](crate::Class::Undecodable), untouched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Payload<T>(pub T);

impl<T> Deref for Payload<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Payload<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

/// What can be a handler's first argument: [`Payload`], or [`DeadLetter`](crate::dead_letter::DeadLetter).
pub trait First<C>: Sized {
    /// Makes it with the topic's format.
    ///
    /// # Errors
    /// The failure that settles the record.
    fn decode(codec: &C, delivery: &Delivery) -> Result<Self, Failure>;
}

impl<T: Event, C: Decode<T>> First<C> for Payload<T> {
    fn decode(codec: &C, delivery: &Delivery) -> Result<Self, Failure> {
        let undecodable = |why: &dyn std::fmt::Display| {
            Failure::new(Class::Undecodable, format!("not a `{}`: {why}", T::TYPE))
        };
        let Some(bytes) = &delivery.record.value else {
            return Err(undecodable(&"the value is null"));
        };
        codec.decode(bytes).map(Self).map_err(|e| undecodable(&e))
    }
}

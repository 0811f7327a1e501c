//! The error of a handler that knows only one kind of failure.

use std::error::Error;
use std::fmt;

use crate::class::{Class, Classify};

/// A failure that will never work, with its reason: the record is dead-lettered at once.
///
/// There is no conversion from other errors by `?`: that would make every failure permanent in silence. Say it instead:
///
/// ```
/// use tidegate::Permanent;
///
/// fn quantity(text: &str) -> Result<u32, Permanent> {
///     let quantity = text.parse().map_err(Permanent::because)?;
///     if quantity == 0 {
///         return Err(Permanent::new("quantity must be positive"));
///     }
///     Ok(quantity)
/// }
/// assert_eq!(quantity("0").unwrap_err().to_string(), "quantity must be positive");
/// ```
pub struct Permanent(Inner);

enum Inner {
    Reason(String),
    Cause(Box<dyn Error + Send + Sync>),
}

impl Permanent {
    /// With a reason of your own.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(Inner::Reason(reason.into()))
    }

    /// Because of this error.
    pub fn because(error: impl Error + Send + Sync + 'static) -> Self {
        Self(Inner::Cause(Box::new(error)))
    }
}

impl fmt::Display for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Reason(reason) => f.write_str(reason),
            Inner::Cause(error) => error.fmt(f),
        }
    }
}

impl fmt::Debug for Permanent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Reason(reason) => f.debug_tuple("Permanent").field(reason).finish(),
            Inner::Cause(error) => f.debug_tuple("Permanent").field(error).finish(),
        }
    }
}

impl Error for Permanent {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.0 {
            Inner::Reason(_) => None,
            Inner::Cause(error) => error.source(),
        }
    }
}

impl Classify for Permanent {
    fn class(&self) -> Class {
        Class::Permanent
    }
}

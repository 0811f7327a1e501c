//! What the compiler says to who writes a handler wrongly: see `tests/`.

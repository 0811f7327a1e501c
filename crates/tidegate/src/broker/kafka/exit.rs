//! What happens when the process ends while clients still work.
//!
//! To destroy a client joins its threads, which may take as long as the cluster does not answer. So it is left to threads of
//! ours that nobody waits for (`house.rs`), and a program that returns from `main` has clients at work. They end with
//! the process, in the middle of whatever they do: nothing depends on their end, as what must have happened was acknowledged
//! before.
//!
//! But what the C library calls on the way out of `main` runs beside them, and OpenSSL has itself called there: it frees what
//! all connections share, and a client that is about to shake hands ends the process by SIGSEGV, instead of with
//! its exit code.

/// Keeps OpenSSL from freeing anything when the process ends; the system takes it all back. Only who begins it can say so,
/// which is done here before there is a client.
///
/// A program that has begun OpenSSL itself has decided already: it must wait until its connections are closed.
pub(super) fn leave_tls_alone() {
    // With OPENSSL_INIT_NO_ATEXIT, for just this reason. The client begins it once more, which changes nothing.
    #[cfg(feature = "tls")]
    openssl_sys::init();
}

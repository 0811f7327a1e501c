//! The messages that a user meets are part of the API: each names what is wrong, where, and what to write.

#[test]
fn a_wrong_handler_does_not_compile_and_says_why() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

//! The use cases of selling: hold, change, extend, release, pay, confirm, cancel, refund, expire, and the jobs that
//! finish what a crash left behind.
//!
//! Each use case is: input, pure decision (from `domain`), then a bounded list of units of work. No HTTP, no SQL, and
//! never a gateway call inside a transaction: every step is recorded before it is taken and may run twice.

pub mod ports;

pub use ports::*;

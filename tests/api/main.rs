//! The HTTP contract, tested from outside: a file per resource.

mod booking;

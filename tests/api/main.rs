//! The HTTP contract and the command line, tested from outside: a file per resource.

mod auth;
mod bad_input;
mod book;
mod booking;
mod cancel;
mod catalog;
mod change;
mod command_line;
mod expiry;
mod health;
mod history;
mod idempotency;
mod import;
mod limits;
mod live;
mod openapi;
mod openid;
mod options_file;
mod payment;
mod profile;
mod recovery;
mod seats;
mod shared;
mod stripe;
mod sync;
mod tickets;

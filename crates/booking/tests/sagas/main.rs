//! The sagas of selling on the real embedded engine and the real sandbox bank, with every call that leaves the desk
//! made to fail, to be lost, to be done twice or to be the last thing before a crash.
//!
//! Only the outside is arranged here: the clock, the randomness, and a wire between the desk and what it calls
//! ([`wire`]). What is judged afterwards are the books themselves ([`books`]).

mod books;
mod buyer;
mod house;
mod late;
mod matrix;
mod meanwhile;
mod pauses;
mod refunds;
mod wire;

//! The sagas of selling on the real embedded engine and the real sandbox bank, with every call that leaves the desk
//! made to fail, to be lost, to be done twice or to be the last thing before a crash.
//!
//! Only the outside is arranged here: the clock, the randomness, and a wire between the desk and what it calls
//! ([`wire`]). What is judged afterwards are the books themselves ([`books`]). [`matrix`] meets every call of one buyer
//! with every fault; [`simulation`] lets many buyers and two servers meet in every order a seed can think of.

mod answers;
mod books;
mod buyer;
mod cancelling;
mod counter;
mod difficult;
mod elsewhere;
mod events;
mod gift;
mod goodwill;
mod house;
mod late;
mod matrix;
mod meanwhile;
mod pauses;
mod places;
mod preparing;
mod promo;
mod reconciling;
mod refunding;
mod refunds;
mod refusals;
mod rounds;
mod simulation;
mod turnstile;
mod wire;

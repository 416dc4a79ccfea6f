//! `/manage/…`: what staff see and change. A file per resource.
//!
//! Every handler passes the gate before it reads a body, so that nobody learns what a call wants who may not make it.
//! A change is one transaction with its entry in the theater's list of changes; what only the store can see (a clash, a
//! seat that is sold, somebody who was faster) is refused there and put into words here.

pub mod audit;
pub mod blocks;
pub mod bookings;
pub mod cancellations;
mod changing;
pub mod counter;
pub mod days;
pub mod door;
pub mod door_list;
mod gate;
pub mod messages;
pub mod moves;
pub mod movie_import;
pub mod movie_search;
pub mod movies;
mod scanned;
pub mod screens;
pub mod seats;
pub mod setting_up;
pub mod shifts;
pub mod shows;
pub mod staff;
pub mod theaters;
mod views;

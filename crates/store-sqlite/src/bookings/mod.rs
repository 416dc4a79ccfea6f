//! Holds, steps and what is read about bookings.

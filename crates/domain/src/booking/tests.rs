//! Every step of a booking, legal and illegal.

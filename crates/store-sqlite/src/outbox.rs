//! Messages that must go out.

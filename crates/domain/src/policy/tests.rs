//! Deadlines, shares and words of a cancellation policy.

//! What the gap rule objects to, and that it never blocks for nothing.

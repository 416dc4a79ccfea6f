//! Best seats. Filled in next.

//! Gap rule. Filled in next.

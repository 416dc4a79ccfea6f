//! Prices, refunds and their sums.

//! Skeleton; filled in by the next commits.

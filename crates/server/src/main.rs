//! The `matinee-server` program.

fn main() {}

//! The project's chores as code: `cargo xtask NAME`.

fn main() {}

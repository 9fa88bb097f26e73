//! faceplate
fn main() {}

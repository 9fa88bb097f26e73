//! A simulated device: the real core and HTTP app over a flash chip in software.

pub mod flash;

//! Faceplate for firmware in C and C++: the core, unchanged, behind the C API of `../include/faceplate.h`,
//! which is its documentation.
//!
//! Everything of ESP-IDF comes through `port`, whose other side is `../src/faceplate.c`. `unsafe` is at
//! these two edges alone: what C gives, and what is asked of C.
#![no_std]

extern crate alloc;

mod boot;
mod care;
mod change;
mod code;
mod config;
mod face;
mod file;
mod flash;
mod http;
mod lock;
mod password;
mod port;
mod runtime;
mod settings;
mod status;
mod table;
mod text;
mod upload;
mod want;

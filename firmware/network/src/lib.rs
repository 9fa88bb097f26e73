//! What a small device needs so that people can reach it, chip-free and without heap.
//!
//! - [`plan`]: when to join a network and when to offer the setup access point.
//! - [`dhcp`]: the DHCP server of that access point.
//! - [`dns`]: its DNS, which answers every name with the device.
//! - [`domain`]: how the network's DHCP server calls the local domain.
//! - [`mdns`]: `<name>.local` and the `_http._tcp` service.
//! - [`patient`]: a driver that leaves clients waiting while all connections are taken.
//! - [`udp`]: the sockets of those servers, and what they need in memory.
//!
//! The parts that decide are plain functions over bytes and times; the parts that serve run
//! them on an `embassy-net` stack.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

pub mod dhcp;
pub mod dns;
pub mod domain;
pub mod mdns;
pub mod patient;
pub mod plan;
pub mod udp;

//! The core as on a device, over a flash in software: what it does, and what is left when the flash
//! or the power fails.
#![allow(unreachable_pub, reason = "in a program nothing can be reached")]

mod board;
mod common;

mod buttons;
mod flash_faults;
mod layout;
mod life;
mod nvs_faults;
mod nvs_format;
mod nvs_not_plain;
mod nvs_power_cuts;
mod nvs_settings;
mod patch;
mod power_cuts;
mod sha256;
mod signed;
mod update;
mod wifi_credentials;

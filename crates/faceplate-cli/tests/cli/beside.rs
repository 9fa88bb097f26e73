//! The contract, kept by a device that is another implementation: picoserve on the same port, with the heads
//! that it has taken apart.

#[path = "../../../faceplate-picoserve/examples/device.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    unused_attributes,
    reason = "it is a program of its own"
)]
mod device;

use std::{fs, sync::mpsc, thread, time::Duration};

use faceplate_sim::{Event, SimOptions};

use crate::{
    common::run_in,
    conformance::{folder, rows},
};

#[test]
fn a_device_beside_another_server_keeps_every_row() {
    let folder = folder();
    let mut options = SimOptions::new(folder.join("device.bin"));
    options.listen.set_port(0);
    options.www = Some(fs::read(folder.join("www.bin")).unwrap());
    options.reboot = Duration::from_millis(100);
    let (tell, booted) = mpsc::channel();
    let on_event = move |event| {
        if let Event::Booted { address, .. } = event {
            // Of later boots nobody wants to know.
            let _heard = tell.send(address.to_string());
        }
    };
    // It ends with the process of the tests.
    thread::spawn(move || device::run(options, on_event));
    let address = booted.recv().unwrap();
    let command = ["conformance", &address, "--update", "www.bin", "--json"];
    let report = run_in(folder.path(), &command).expect(0).json();
    assert_eq!(rows(&report, "failed"), [""; 0]);
    assert!(report["passed"].as_u64().unwrap() > 110);
}

//! The core on a simulated flash chip, without network.

use embassy_futures::block_on;
use faceplate::{
    Buffers, Config, Confirmer, Engine, EspNvs, Nvs, Slot,
    layout::{Layout, Places},
    sha256,
    update::Done,
    verify::Requirements,
};
use faceplate_sim::flash::{Counters, SimFlash, W25Q128_SIZE};

use crate::Result;

const PARTITIONS: &str = include_str!("../../../../partitions.csv");

/// The core as it runs on this chip.
pub(crate) type SimEngine = Engine<SimFlash, EspNvs<SimFlash>>;

/// A chip with these images in its two slots, and an NVS partition that has been used.
pub(crate) fn flash(www_0: &[u8], www_1: &[u8]) -> Result<SimFlash> {
    flash_of(PARTITIONS, www_0, www_1)
}

/// The same with another partition table.
pub(crate) fn flash_of(csv: &str, www_0: &[u8], www_1: &[u8]) -> Result<SimFlash> {
    let mut flash = SimFlash::with_partitions(csv, W25Q128_SIZE)?;
    let layout = block_on(Layout::read(&mut flash, Places::DEFAULT));
    for (region, image) in layout.slots?.iter().zip([www_0, www_1]) {
        flash.poke(region.offset, image)?;
    }
    EspNvs::new(flash.clone(), layout.nvs?).set_u8("active", Slot::Www0.number())?;
    Ok(flash)
}

/// Boots with a firmware that takes what `faceplate-pack` makes by default.
pub(crate) fn boot(flash: &SimFlash) -> Result<SimEngine> {
    // Slots of 1 MiB, as on a board of the usual layout.
    boot_for(flash, 1 << 20)
}

/// The same, built for slots of so many bytes.
pub(crate) fn boot_for(flash: &SimFlash, slot_bytes: u32) -> Result<SimEngine> {
    let layout = block_on(Layout::read(&mut flash.clone(), Places::DEFAULT));
    let nvs = EspNvs::new(flash.clone(), layout.nvs?);
    let config = Config {
        requirements: Requirements::any(1),
        block_erase: true,
        compress: sha256::SOFTWARE,
    };
    let buffers = Buffers::boxed(slot_bytes).ok_or("no memory")?;
    let boot = Engine::boot(flash.clone(), nvs, layout, config, buffers, 0);
    Ok(block_on(boot))
}

/// Uploads an image to a device that has just booted; what it did, and what that took on flash,
/// from the first byte to the stored choice of the new slot.
pub(crate) fn upload(flash: &SimFlash, image: &[u8]) -> Result<(Done, Counters)> {
    upload_to(&boot(flash)?, flash, image)
}

/// The same to a device that runs.
pub(crate) fn upload_to(
    engine: &SimEngine,
    flash: &SimFlash,
    image: &[u8],
) -> Result<(Done, Counters)> {
    let before = flash.counters();
    let done = block_on(async {
        let mut upload = engine.begin(u32::try_from(image.len())?, Confirmer::Device)?;
        // As many bytes as a TCP segment brings.
        for part in image.chunks(1460) {
            upload.write(part).await?;
        }
        let checked = upload.finish(None).await?;
        Result::Ok(checked.activate()?)
    })?;
    if done.slot != Slot::Www1 {
        return Err("the upload went to the wrong slot".into());
    }
    Ok((done, flash.counters().since(&before)))
}

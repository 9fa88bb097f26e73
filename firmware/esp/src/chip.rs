//! Which chip this is.

/// The chip's name, as the status says it.
pub(crate) const CHIP: &str = cfg_select! {
    feature = "esp32s3" => "esp32s3",
    feature = "esp32c3" => "esp32c3",
    feature = "esp32c6" => "esp32c6",
};

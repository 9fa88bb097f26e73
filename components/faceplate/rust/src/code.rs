//! Error codes: ESP-IDF's, and those of `faceplate.h`.

use core::{
    ffi::{CStr, c_char, c_int},
    fmt,
};

use faceplate::{BeginError, ConfirmError, RollbackError, update::UploadError, verify::Problem};

/// An `esp_err_t`.
#[repr(transparent)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code(c_int);

/// Where ours begin.
const BASE: c_int = 0x1fa00;

impl Code {
    pub(crate) const OK: Self = Self(0);
    pub(crate) const FAIL: Self = Self(-1);
    pub(crate) const NO_MEM: Self = Self(0x101);
    pub(crate) const INVALID_ARG: Self = Self(0x102);
    pub(crate) const INVALID_STATE: Self = Self(0x103);
    pub(crate) const INVALID_SIZE: Self = Self(0x104);
    pub(crate) const NOT_FOUND: Self = Self(0x105);
    pub(crate) const NOT_SUPPORTED: Self = Self(0x106);
    pub(crate) const INVALID_VERSION: Self = Self(0x10a);

    /// What a function of C has returned.
    pub(crate) fn done(self) -> Result<(), Self> {
        match self {
            Self::OK => Ok(()),
            error => Err(error),
        }
    }
}

impl From<Result<(), Code>> for Code {
    fn from(result: Result<(), Code>) -> Self {
        result.err().unwrap_or(Self::OK)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(crate::port::name(*self))
    }
}

macro_rules! own {
    ($($name:ident = $number:literal,)*) => {
        impl Code {
            $(pub(crate) const $name: Self = Self(BASE + $number);)*
        }

        /// The name of one of ours, as the header has it.
        fn name(code: Code) -> Option<&'static CStr> {
            match code {
                $(Code::$name => {
                    const NAME: &str = concat!("FACEPLATE_ERR_", stringify!($name), "\0");
                    CStr::from_bytes_with_nul(NAME.as_bytes()).ok()
                })*
                _ => None,
            }
        }
    };
}

own! {
    BUSY = 0x01,
    ON_TRIAL = 0x02,
    RESTARTING = 0x03,
    NOT_ON_TRIAL = 0x04,
    OTHER_BUILD = 0x05,
    NOT_NOW = 0x06,
    NO_SLOTS = 0x07,
    NVS = 0x08,
    FLASH = 0x09,
    NOT_AN_IMAGE = 0x0a,
    LENGTH = 0x0b,
    TOO_LARGE = 0x0c,
    TRUNCATED = 0x0d,
    TOO_LONG = 0x0e,
    INCOMPLETE = 0x0f,
    DIGEST = 0x10,
    REJECTED = 0x11,
    NOT_VALID = 0x12,
    SIGNATURE = 0x13,
    STEP_BACK = 0x14,
}

/// The name of a code of ours, for the C side.
#[unsafe(no_mangle)]
extern "C" fn faceplate_own_err_name(code: Code) -> *const c_char {
    name(code).map_or(core::ptr::null(), CStr::as_ptr)
}

impl From<&BeginError> for Code {
    fn from(error: &BeginError) -> Self {
        match error {
            BeginError::Busy => Self::BUSY,
            BeginError::OnTrial => Self::ON_TRIAL,
            BeginError::Restarting => Self::RESTARTING,
            BeginError::TooLarge { .. } => Self::TOO_LARGE,
            BeginError::BadLength => Self::LENGTH,
            BeginError::NoSlots(_) => Self::NO_SLOTS,
            // Patches come over HTTP, which has its own words for that.
            BeginError::OtherBase | BeginError::Patch(_) => Self::REJECTED,
            BeginError::Nvs(_) => Self::NVS,
        }
    }
}

impl From<&UploadError> for Code {
    fn from(error: &UploadError) -> Self {
        match error {
            UploadError::NotAnImage(_) => Self::NOT_AN_IMAGE,
            UploadError::BadLength => Self::LENGTH,
            UploadError::Truncated(_) => Self::TRUNCATED,
            UploadError::TooLong => Self::TOO_LONG,
            UploadError::Incomplete { .. } => Self::INCOMPLETE,
            UploadError::Begin(error) => error.into(),
            UploadError::Patch(_) => Self::REJECTED,
            UploadError::Digest => Self::DIGEST,
            UploadError::Rejected(Problem::NoMemory) => Self::NO_MEM,
            UploadError::Rejected(Problem::Flash(_)) | UploadError::Flash(_) => Self::FLASH,
            UploadError::Rejected(
                Problem::NotSigned | Problem::OtherKey(_) | Problem::Signature(_),
            ) => Self::SIGNATURE,
            UploadError::Rejected(Problem::StepBack { .. }) => Self::STEP_BACK,
            UploadError::Rejected(_) => Self::REJECTED,
            UploadError::Nvs(_) => Self::NVS,
        }
    }
}

impl From<&ConfirmError> for Code {
    fn from(error: &ConfirmError) -> Self {
        match error {
            ConfirmError::NotOnTrial => Self::NOT_ON_TRIAL,
            ConfirmError::OtherBuild { .. } => Self::OTHER_BUILD,
            ConfirmError::Nvs(_) => Self::NVS,
        }
    }
}

impl From<&RollbackError> for Code {
    fn from(error: &RollbackError) -> Self {
        match error {
            RollbackError::Busy => Self::BUSY,
            RollbackError::Restarting => Self::RESTARTING,
            RollbackError::NotValid(Problem::NoMemory) => Self::NO_MEM,
            RollbackError::NotValid(_) => Self::NOT_VALID,
            RollbackError::NotNow(_) => Self::NOT_NOW,
            RollbackError::Nvs(_) => Self::NVS,
        }
    }
}

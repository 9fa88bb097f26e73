//! Sets of methods, and the `Allow` header that tells them.

use core::{fmt, ops::BitOr};

use super::head::Method;

/// Methods that a path answers to. `HEAD` comes with `GET`, and `OPTIONS` with any.
///
/// ```
/// use faceplate_http::Methods;
/// let lamp = Methods::GET | Methods::PUT;
/// assert_eq!(lamp.to_string(), "GET, HEAD, PUT, OPTIONS");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Methods(u8);

impl Methods {
    /// None: the path is not the firmware's.
    pub const NONE: Self = Self(0);
    /// `GET` and `HEAD`.
    pub const GET: Self = Self(1);
    /// `POST`.
    pub const POST: Self = Self(2);
    /// `PUT`.
    pub const PUT: Self = Self(4);
    /// `PATCH`.
    pub const PATCH: Self = Self(8);
    /// `DELETE`.
    pub const DELETE: Self = Self(16);

    const NAMES: [(Self, &str); 5] = [
        (Self::GET, "GET, HEAD"),
        (Self::POST, "POST"),
        (Self::PUT, "PUT"),
        (Self::PATCH, "PATCH"),
        (Self::DELETE, "DELETE"),
    ];

    /// Whether it is one of them; `OPTIONS` is answered apart.
    pub const fn contains(self, method: Method) -> bool {
        let wanted = match method {
            Method::Get | Method::Head => Self::GET,
            Method::Post => Self::POST,
            Method::Put => Self::PUT,
            Method::Patch => Self::PATCH,
            Method::Delete => Self::DELETE,
            Method::Options | Method::Other => return false,
        };
        self.0 & wanted.0 != 0
    }

    /// These and others; as `|`, for constants.
    #[must_use]
    pub const fn and(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl BitOr for Methods {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}

/// As `Allow` has them (RFC 9110, 10.2.1).
impl fmt::Display for Methods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (method, name) in Self::NAMES {
            if self.0 & method.0 != 0 {
                write!(f, "{name}, ")?;
            }
        }
        f.write_str("OPTIONS")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_what_was_put_into_it() {
        let some = Methods::GET | Methods::DELETE;
        for (method, is_in) in [
            (Method::Get, true),
            (Method::Head, true),
            (Method::Delete, true),
            (Method::Post, false),
            (Method::Put, false),
            (Method::Patch, false),
            (Method::Options, false),
            (Method::Other, false),
        ] {
            assert_eq!(some.contains(method), is_in, "{method:?}");
            assert!(!Methods::NONE.contains(method));
        }
        assert_eq!(std::format!("{some}"), "GET, HEAD, DELETE, OPTIONS");
        assert_eq!(std::format!("{}", Methods::NONE), "OPTIONS");
    }
}

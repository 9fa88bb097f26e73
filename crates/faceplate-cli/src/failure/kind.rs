//! What kinds of failures there are, as scripts tell them apart; `docs/command-line.md` lists them.

/// The kind of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The command makes no sense.
    Usage,
    /// Something on this computer: a file that cannot be read or written, say.
    Local,
    /// A file is no image that a device would take.
    Image,
    /// Nobody answers at the device's address.
    Unreachable,
    /// What answers there is no Faceplate device.
    NotFaceplate,
    /// What answers there does not know the device's password.
    Impostor,
    /// The device was asked to do it, but its answer did not come.
    NoAnswer,
    /// The device answered before, and does not any more.
    Lost,
    /// The device refused, for a reason that the HTTP API names.
    Refused(String),
    /// The upload broke off; the device still runs what it did.
    BrokeOff,
    /// The device took another image than was sent.
    OtherImage,
    /// The device took the image, and did not restart.
    DidNotRestart,
    /// The device has no frontend, but its recovery page.
    Recovery,
    /// The device runs something else, for no reason that it tells.
    OtherFrontend,
    /// The new frontend runs, but not all of it can be loaded.
    DoesNotLoad,
    /// The new frontend runs and stays, but nobody confirmed it.
    NotConfirmed,
    /// The device went back to what it ran before.
    WentBack,
}

impl Kind {
    /// From the problem type of a refusal, which may be missing.
    pub(crate) fn refused(problem: &str) -> Self {
        Self::Refused(match problem {
            "" => "refused".to_owned(),
            problem => problem.to_owned(),
        })
    }

    /// What scripts read.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Usage => "usage",
            Self::Local => "local",
            Self::Image => "image",
            Self::Unreachable => "unreachable",
            Self::NotFaceplate => "not-faceplate",
            Self::Impostor => "impostor",
            Self::NoAnswer => "no-answer",
            Self::Lost => "lost",
            Self::Refused(problem) => problem,
            Self::BrokeOff => "broke-off",
            Self::OtherImage => "other-image",
            Self::DidNotRestart => "did-not-restart",
            Self::Recovery => "recovery",
            Self::OtherFrontend => "other-frontend",
            Self::DoesNotLoad => "does-not-load",
            Self::NotConfirmed => "not-confirmed",
            Self::WentBack => "went-back",
        }
    }

    /// The status that the process ends with.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Local
            | Self::Image
            | Self::BrokeOff
            | Self::OtherImage
            | Self::DidNotRestart
            | Self::Recovery
            | Self::OtherFrontend
            | Self::DoesNotLoad
            | Self::NotConfirmed => 1,
            // clap's, too.
            Self::Usage => 2,
            Self::Unreachable
            | Self::NotFaceplate
            | Self::Impostor
            | Self::NoAnswer
            | Self::Lost => 3,
            Self::Refused(_) => 4,
            Self::WentBack => 5,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_documented_with_its_status() {
        let page = include_str!("../../../../docs/command-line.md");
        for kind in [
            Kind::Usage,
            Kind::Local,
            Kind::Image,
            Kind::Unreachable,
            Kind::NotFaceplate,
            Kind::Impostor,
            Kind::NoAnswer,
            Kind::Lost,
            Kind::BrokeOff,
            Kind::OtherImage,
            Kind::DidNotRestart,
            Kind::Recovery,
            Kind::OtherFrontend,
            Kind::DoesNotLoad,
            Kind::NotConfirmed,
            Kind::WentBack,
        ] {
            let name = format!("`{}`", kind.name());
            let status = format!("| {} |", kind.code());
            let mut rows = page.lines().filter(|line| line.starts_with('|'));
            assert!(
                rows.any(|row| row.starts_with(&status) && row.contains(&name)),
                "{name}"
            );
            assert!(
                rows.any(|row| row.starts_with(&format!("| {name} |"))),
                "{name}"
            );
        }
    }
}

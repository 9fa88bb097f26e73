//! In the place of a password for firmware that is built without the feature: nothing of it can be there, so
//! nothing of it is paid for.

use core::{
    fmt,
    future::{Ready, ready},
};

use crate::{
    App,
    command::Terms,
    http::tx::Header,
    problem::{Failed, Kind, Refusal},
};

pub(crate) enum Password {}

/// That of a firmware.
pub(crate) const fn of<A: App>(_none: &A) -> Option<&Password> {
    None
}

/// See that of a password.
#[derive(Clone, Copy)]
pub(crate) struct Leave;

impl Leave {
    pub(crate) const fn of<A: App>(_none: &A) -> Self {
        Self
    }

    pub(crate) const fn holds<A: App>(self, _none: &A) -> Result<(), Refusal> {
        Ok(())
    }
}

/// Nothing is ever over.
pub(crate) fn over() -> Refusal {
    Refusal::NoSuchApi
}

impl Password {
    pub(crate) const fn is_for_reading(&self) -> bool {
        match *self {}
    }

    pub(crate) const fn is_open<D>(&self, _: &D) -> Result<bool, Refusal> {
        match *self {}
    }

    pub(crate) fn check<D, H>(&self, _: &D, _: &H) -> Ready<Result<(), Refusal>> {
        match *self {}
    }

    pub(crate) fn tell<D, T>(&self, _: &D, _: &mut T) -> Ready<Result<(), Failed>> {
        match *self {}
    }
}

/// Answers that there is none.
pub(crate) fn script<T>(_: &mut T) -> Ready<Result<(), Failed>> {
    ready(Err(Refusal::NoSuchApi.into()))
}

pub(crate) enum Change {}

impl Change {
    pub(crate) fn log_in<H>(_: &H) -> Result<Self, Refusal> {
        Err(Refusal::NoSuchApi)
    }

    pub(crate) fn set<D, H, A>(_: &D, _: &H, _: &A) -> Result<Self, Refusal> {
        Err(Refusal::NoSuchApi)
    }

    pub(crate) fn run<D, A, B, T>(
        self,
        _: &D,
        _: &A,
        _: &mut B,
        _: &mut T,
        _: Terms,
    ) -> Ready<Result<(), Failed>> {
        match self {}
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Locked {}

impl Locked {
    pub(crate) const fn kind(&self) -> Kind {
        match *self {}
    }

    pub(crate) const fn is_attempt(&self) -> bool {
        match *self {}
    }

    pub(crate) fn header(&self) -> Header<'_> {
        match *self {}
    }
}

impl fmt::Display for Locked {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

//! faceplate

//! faceplate-sim

//! faceplate-http

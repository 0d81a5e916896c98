//! What the end-to-end tests of demur stand on.

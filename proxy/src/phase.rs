//! The two phases of an exchange: classify, decide, act, for buffered bodies and for streams alike.
//!
//! `readings` are the ways in which a text is judged, `classify` runs the classifiers that some rule reads, `decide` asks the policies, `act` is the only place
//! that changes bytes and the only one that can clear a request for an upstream. `request` and `response`
//! put the three in order; `gate` is the algorithm for streams; `repair` is the ladder that answers climb.

pub mod aside;

pub mod exchange;

pub mod readings;

pub mod classify;

pub mod texts;

pub mod decide;

pub mod accept;

pub mod act;

pub mod helper;

pub mod rephrase;

pub mod rewrite;

pub mod request;

pub mod repair;

pub mod deliver;

pub mod words;

pub mod gate;

pub mod shadow;

pub mod stream;

pub mod response;

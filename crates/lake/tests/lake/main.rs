//! What the lake promises, shown through its public API.

mod commit_model;

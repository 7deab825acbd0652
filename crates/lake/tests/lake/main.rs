//! What the lake promises, shown through its public API on a folder of its own.

#![cfg(test)]

mod appending;
mod bucket;
mod commit_model;
mod crowd;
mod files;
mod reading;
mod schemas;
mod support;
mod upkeep;

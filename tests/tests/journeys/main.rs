//! Journeys: the binary as its users meet it, spawned and spoken to over its sockets, its standard
//! output and its files, with simulated providers behind it.
//!
//! Nothing of Foreshadow is linked but the testkit, so that a journey cannot pass by what the
//! command line does not offer. Every wait has a deadline, every listener a free port, and a folder
//! whose test failed stays where it is.
//!
//! | variable | does |
//! | --- | --- |
//! | `FORESHADOW_BIN` | the binary, if not the one beside this test |
//! | `FORESHADOW_KILLS` | how often `kill -9` strikes (200 for the whole set) |
//! | `FORESHADOW_SHARED` | the folder of recorded answers, if not `../shared/data` |
//! | `FORESHADOW_WHOLE` | `1`: the recorded sets whole, all four targets |

#![cfg(test)]

mod anchors;
mod blocked;
mod bucket;
mod categories;
mod command;
mod deployment;
mod faults;
mod following;
mod golden;
mod kafka;
mod kept;
mod label;
mod lossy;
mod models;
mod node;
mod observe;
mod promotion;
mod provider;
mod python;
mod recomputed;
mod recorded;
mod replay;
mod rescore;
mod scripts;
mod sdk;
mod shipped;
mod town;
mod traces;
mod translated;
mod up;
mod wait;

/// Says why a test did less than it could. It is not failed for what the machine does not allow.
#[expect(clippy::print_stderr, reason = "a test that does less must say so where it is run")]
fn say(text: &str) {
    eprintln!("journeys: {text}");
}

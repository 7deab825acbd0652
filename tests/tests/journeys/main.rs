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
//! | `FORESHADOW_KILLS` | how often `kill -9` strikes (200 for the whole set; of proxies and workers 20 each) |
//! | `FORESHADOW_SOAK_S` | how long everything breaks in turn (1200) |
//! | `FORESHADOW_FAULTS` | which kinds of faults, by name |
//! | `FORESHADOW_SEED` | in which order |
//! | `FORESHADOW_SPEED` | what is measured: `delay`, `mirror`, `backlog`, `bytes` |
//! | `FORESHADOW_KAFKA` | a broker to be used instead of one of the tests' own |
//! | `FORESHADOW_SHARED` | the folder of recorded answers, if not `../shared/data` |
//! | `FORESHADOW_WHOLE` | `1`: the recorded sets whole, all four targets |

#![cfg(test)]

mod anchors;
mod blocked;
mod bound;
mod bucket;
mod categories;
mod command;
mod commits;
mod deployment;
mod faults;
mod following;
mod golden;
mod kafka;
mod kept;
mod label;
mod lossy;
mod merged;
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
mod speed;
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

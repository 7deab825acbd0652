//! Standard error is a pipe whose reader stands still: the log is lost and counted, and nobody waits
//! for it.

use crate::{
    deployment::UP,
    kept::Kept,
    town::{Town, call},
    up::Foreshadow,
};
use std::{io::Write, net::TcpStream};

/// Clients that break off, each worth a line of the log.
const BREAKING_OFF: u64 = 256;
const BROKEN_OFF_MAX: u64 = 128 * BREAKING_OFF;

#[test]
fn a_log_that_nobody_reads_is_not_felt() {
    let town = Town::open();
    let deployment = town.deployment();
    let mut command = deployment.command(&UP);
    command.env("FORESHADOW_LOG", "proxy=debug");
    let up = Foreshadow::start_unheard(command);
    let base_url = up.base_url("openai");
    let mut client = Kept::connect(&base_url);
    let mut direct = Kept::connect(&town.openai.base_url());
    let mut broken_off = 0;
    while up.metric("foreshadow_log_dropped_total") == 0.0 {
        (0..BREAKING_OFF).for_each(|_| break_off(&base_url));
        broken_off += BREAKING_OFF;
        assert!(broken_off < BROKEN_OFF_MAX, "all of the log is taken");
        let call = call(broken_off);
        assert_eq!(client.post(&call), direct.post(&call));
    }
    up.stop();
}

fn break_off(base_url: &str) {
    let authority = base_url.trim_start_matches("http://").split('/').next().unwrap();
    let mut stream = TcpStream::connect(authority).unwrap();
    stream.write_all(b"POST /openai/v1").unwrap();
}

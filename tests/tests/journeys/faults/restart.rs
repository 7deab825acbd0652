//! A restart, with calls coming in all the while.

use crate::{
    deployment::Deployment,
    town::{Town, call, is_right},
    wait::{PATIENCE, until},
};
use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

const CALLERS: u64 = 4;
/// Calls answered before, and again after.
const ENOUGH: u64 = 40;

#[test]
fn a_restart_at_a_socket_that_was_handed_over_refuses_nobody() {
    let town = Town::open();
    let deployment = town.deployment();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let base_url = format!("http://{}/openai", socket.local_addr().unwrap());
    let callers = Callers::new(&town, &base_url);
    let calls = thread::scope(|scope| {
        let up = deployment.up_at(&socket);
        assert_eq!(up.base_url("openai"), base_url);
        let calling: Vec<_> = (0..CALLERS).map(|_| scope.spawn(|| callers.call())).collect();
        callers.wait_for(ENOUGH);
        up.stop();
        // Whoever calls now waits.
        let up = deployment.up_at(&socket);
        callers.wait_for(callers.answered.load(Ordering::SeqCst) + ENOUGH);
        callers.enough.store(true, Ordering::SeqCst);
        let calls: u64 = calling.into_iter().map(|calling| calling.join().unwrap()).sum();
        wait_for_tables(&deployment, calls);
        up.stop();
        calls
    });
    assert_eq!(calls, callers.answered.load(Ordering::SeqCst));
}

struct Callers<'t> {
    town: &'t Town,
    base_url: &'t str,
    next: AtomicU64,
    answered: AtomicU64,
    enough: AtomicBool,
}

impl<'t> Callers<'t> {
    fn new(town: &'t Town, base_url: &'t str) -> Self {
        Self {
            town,
            base_url,
            next: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            enough: AtomicBool::new(false),
        }
    }

    /// Call after call, each on a connection of its own: one that is kept may be closed under a call,
    /// as any server may close it.
    fn call(&self) -> u64 {
        let mut calls = 0;
        while !self.enough.load(Ordering::SeqCst) {
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let client = Town::client(self.base_url);
            let played = self.town.runtime.block_on(client.send(&call(number)));
            let played = played.unwrap_or_else(|error| panic!("call {number}: {error}"));
            assert!(is_right(number, &played), "call {number}: {played:?}");
            calls += 1;
            self.answered.fetch_add(1, Ordering::SeqCst);
        }
        calls
    }

    fn wait_for(&self, answered: u64) {
        until("calls that are answered", PATIENCE, || {
            (self.answered.load(Ordering::SeqCst) >= answered).then_some(())
        });
    }
}

fn wait_for_tables(deployment: &Deployment, calls: u64) {
    until("every call in the tables", PATIENCE, || {
        let distinct = "SELECT count(DISTINCT exchange_id) AS n FROM exchanges";
        (deployment.count(distinct) == calls).then_some(())
    });
}

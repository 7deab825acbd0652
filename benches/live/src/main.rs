//! The live path, measured from outside, each proxy in a process of its own:
//!   (nothing)  what the mirror costs those whom it observes: on against off
//!   peers      this proxy against nginx
//!   frozen     the shipped binary while its whole shadow side stands still
//!   cut        whether the shipped binary says that it lives while streams are cut
//!   soak       what half an hour of mixed load and aborts leaves behind
//! Loopback only; ends by itself.

mod child;
mod cut;
mod felt;
mod frozen;
mod load;
mod nginx;
mod peers;
mod serve;
mod soak;
mod streams;
mod table;
mod up;

use std::{env, io, process::Command};

/// The allocator of the shipped binary, counting what is allocated and not given back: what is resident
/// says as much of what the allocator keeps for later.
#[global_allocator]
static ALLOCATOR: cap::Cap<mimalloc::MiMalloc> = cap::Cap::new(mimalloc::MiMalloc, usize::MAX);

const PATH: &str = "/p";
/// The core of the proxies, and the one of everything else.
const PROXY_CORE: &str = "0";
const OTHER_CORE: &str = "1";

fn main() -> io::Result<()> {
    // As the shipped binary does where it serves; a driver is not measured.
    proxy::small_pages();
    let role = env::args().nth(1);
    match role.as_deref() {
        None => again("felt"),
        Some("peers") => again("peers-here"),
        Some("frozen") => again("frozen-here"),
        Some("cut") => again("cut-here"),
        Some("felt") => felt::drive(),
        Some("peers-here") => peers::drive(),
        Some("frozen-here") => frozen::drive(),
        Some("cut-here") => cut::drive(),
        Some("cut-provider") => cut::provider(),
        Some("cut-asker") => cut::asker(&env::args().nth(2).unwrap_or_default()),
        Some("slow") => frozen::slow(),
        Some("soak") => {
            let minutes = env::args().nth(2).map_or(Ok(soak::MINUTES), |given| given.parse());
            soak::drive(minutes.map_err(io::Error::other)?)
        }
        Some("soak-provider") => soak::provider(),
        Some("soak-proxy") => soak::proxy(&env::args().nth(2).unwrap_or_default()),
        Some("upstream") => serve::upstream(),
        Some("proxy") => {
            let (upstream, behind) = (env::args().nth(2), env::args().nth(3));
            serve::proxy(&upstream.unwrap_or_default(), behind.as_deref())
        }
        Some(other) => Err(io::Error::other(format!(
            "there is no {other}: give nothing, peers, frozen, cut or soak"
        ))),
    }
}

/// This program on the core of everything that is not a proxy.
fn again(role: &str) -> io::Result<()> {
    child::pinned(OTHER_CORE, &env::current_exe()?).arg(role).status().map(|_| ())
}

/// Whether a program can be run at all.
fn exists(program: &str, argument: &str) -> bool {
    Command::new(program).arg(argument).output().is_ok()
}

//! The one binary: what was typed, wired to the crates that do it.
//!
//! It alone reads the environment, the clock and the command line, and it alone prints. It decides
//! nothing: every decision is a pure function in a crate below.

mod allotting;
mod answers;
mod beside;
mod between;
mod cli;
mod clock;
mod commands;
mod decisions;
mod followers;
mod log;
mod offline;
mod outcome;
mod place;
mod plain;
mod policies;
mod quota;
mod recorder;
mod rules;
mod scheduled;
mod settings;
mod shadowing;
mod shelf;
mod steer;
mod system;
mod traces;
mod upkeep;
mod warehouse;
mod watch;
mod who;

use clap::Parser;
use log::Log;
use outcome::Outcome;
use std::process::ExitCode;

/// Allocation is a fifth of a small call's cost with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let log = match Log::start() {
        Ok(log) => log,
        Err(error) => return outcome::failed(&error.into()),
    };
    // Two TLS providers are linked (the lake's object store brings its own): ours is chosen here,
    // once. It fails only if one was chosen already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let done = run(cli);
    log.flush();
    match done {
        Ok(outcome) => outcome.into(),
        Err(error) => outcome::failed(&error),
    }
}

fn run(cli: cli::Cli) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        // DataFusion plans recursively, and unoptimised frames are large.
        .thread_stack_size(16 << 20)
        .build()?;
    let done = runtime.block_on(commands::run(cli));
    // Tasks that are still blocking have nothing left to say.
    runtime.shutdown_background();
    done
}

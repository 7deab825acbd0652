//! The mixed load: threads that do one thing after another, each in its turn, and rest in between.

mod http1;
mod http2;

use super::kinds::Kind;
use http1::Kept;
use std::{
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

const CLIENTS: usize = 16;
const REST: Duration = Duration::from_millis(25);

/// What a client does, and the provider with it.
#[derive(Clone, Copy, Debug)]
enum Deed {
    /// Asks on the connection that it keeps, and reads the reply to its end.
    Kept(Kind),
    /// The same on a new connection.
    New(Kind),
    /// Asks, and reads what comes until the connection ends.
    Broken(Kind),
    /// Hangs up in the middle of its head.
    GoneInHead,
    /// Hangs up in the middle of its body.
    GoneInBody,
    /// Hangs up while it waits for a reply, or for the first byte of its body.
    GoneWaiting(Kind),
    /// Resets the connection in the middle of a stream.
    GoneInStream,
    /// Reads a megabyte in small pieces with rests between them.
    ReadsSlowly,
    /// Two calls of HTTP/2 on one connection.
    Http2,
    /// The same, and resets a stream that goes on.
    Http2Reset,
}

/// In this order, each client from another place on: an ordinary call is the commonest.
const DEEDS: [Deed; 26] = [
    Deed::Kept(Kind::Plain),
    Deed::GoneInHead,
    Deed::Kept(Kind::Plain),
    Deed::Kept(Kind::Stream),
    Deed::New(Kind::Plain),
    Deed::GoneInBody,
    Deed::Kept(Kind::Error),
    Deed::Http2,
    Deed::Kept(Kind::Plain),
    Deed::Broken(Kind::Garbage),
    Deed::GoneWaiting(Kind::Thinks),
    Deed::New(Kind::Stream),
    Deed::Kept(Kind::Plain),
    Deed::Broken(Kind::Reset),
    Deed::Kept(Kind::Plain),
    Deed::GoneInStream,
    Deed::Http2Reset,
    Deed::Kept(Kind::Plain),
    Deed::Broken(Kind::Short),
    Deed::GoneWaiting(Kind::Mute),
    Deed::Kept(Kind::Stream),
    Deed::New(Kind::Plain),
    Deed::ReadsSlowly,
    Deed::Kept(Kind::Plain),
    Deed::GoneInStream,
    Deed::Kept(Kind::Plain),
];

/// The running clients.
pub(super) struct Clients {
    ended: Arc<AtomicBool>,
    threads: Vec<JoinHandle<Outcomes>>,
}

impl Clients {
    pub(super) fn start(proxy: SocketAddr) -> Self {
        let ended = Arc::<AtomicBool>::default();
        let client = |number: usize| {
            let ended = Arc::clone(&ended);
            thread::spawn(move || {
                let (mut kept, mut outcomes) = (Kept::new(proxy), Outcomes::default());
                let from = number * DEEDS.len() / CLIENTS;
                for nth in (0..DEEDS.len()).cycle().skip(from) {
                    if ended.load(Ordering::Relaxed) {
                        break;
                    }
                    outcomes.note(nth, &act(DEEDS[nth], proxy, &mut kept));
                    thread::sleep(REST);
                }
                outcomes
            })
        };
        let threads = (0..CLIENTS).map(client).collect();
        Self { ended, threads }
    }

    /// Lets each end what it does; what came of it all.
    pub(super) fn stop(self) -> io::Result<Outcomes> {
        self.ended.store(true, Ordering::Relaxed);
        let mut all = Outcomes::default();
        for thread in self.threads {
            all.add(thread.join().map_err(|_| io::Error::other("a client panicked"))?);
        }
        Ok(all)
    }
}

fn act(deed: Deed, proxy: SocketAddr, kept: &mut Kept) -> io::Result<()> {
    match deed {
        Deed::Kept(kind) => kept.ask(kind),
        Deed::New(kind) => Kept::new(proxy).ask(kind),
        Deed::Broken(kind) => http1::ask_broken(proxy, kind),
        Deed::GoneInHead => http1::leave_in_head(proxy),
        Deed::GoneInBody => http1::leave_in_body(proxy),
        Deed::GoneWaiting(kind) => http1::leave_waiting(proxy, kind),
        Deed::GoneInStream => http1::leave_in_stream(proxy),
        Deed::ReadsSlowly => http1::read_slowly(proxy),
        Deed::Http2 => http2::ask(proxy),
        Deed::Http2Reset => http2::reset(proxy),
    }
}

/// By the deed's place: how often it went as it should, and how often not.
pub(super) struct Outcomes([(u64, u64); DEEDS.len()], Option<String>);

impl Default for Outcomes {
    fn default() -> Self {
        Self([(0, 0); DEEDS.len()], None)
    }
}

impl Outcomes {
    fn note(&mut self, nth: usize, outcome: &io::Result<()>) {
        match outcome {
            Ok(()) => self.0[nth].0 += 1,
            Err(error) => {
                self.0[nth].1 += 1;
                self.1.get_or_insert_with(|| format!("{:?}: {error}", DEEDS[nth]));
            }
        }
    }

    fn add(&mut self, other: Self) {
        for (all, one) in self.0.iter_mut().zip(other.0) {
            *all = (all.0 + one.0, all.1 + one.1);
        }
        self.1 = self.1.take().or(other.1);
    }
}

impl fmt::Display for Outcomes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (fine, odd) = self.0.iter().fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1));
        write!(out, "{fine} deeds went as they should, {odd} did not")?;
        match &self.1 {
            Some(first) => write!(out, " (one of them {first})"),
            None => Ok(()),
        }
    }
}

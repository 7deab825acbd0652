//! A piece of the network between clients and a server on loopback, which can be cut: nothing passes
//! then, in either direction, and nobody is told. Connections stay open, as they do where a cable is
//! pulled; what was sent meanwhile arrives when the cut is mended.

use crate::Error;
use std::{
    io::{ErrorKind, Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Connections at once; further ones are closed.
const CONNECTIONS_MAX: usize = 256;
/// Bytes that are under way in one direction of a connection, beside what the system holds.
const PIECE_BYTES: usize = 64 << 10;

/// The piece. Dropping it takes no new connections; those that are open end with their ends.
#[derive(Debug)]
pub struct Relay {
    port: u16,
    state: Arc<State>,
}

#[derive(Debug, Default)]
struct State {
    way: Mutex<Way>,
    changed: Condvar,
    open: AtomicUsize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Way {
    #[default]
    Free,
    Cut,
    Over,
}

impl Relay {
    /// Takes a free port and passes on what comes there to `target` on loopback, which may be away.
    ///
    /// # Errors
    /// [`Error`] if there is no port, or no thread.
    pub fn start(target: u16) -> Result<Self, Error> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
        let listener = listener.map_err(Error::io("bind a relay"))?;
        let port = listener.local_addr().map_err(Error::io("bind a relay"))?.port();
        let state = Arc::new(State::default());
        let accepting = Arc::clone(&state);
        let thread = thread::Builder::new().name("relay".into());
        thread
            .spawn(move || accept(&listener, target, &accepting))
            .map_err(Error::io("start a relay"))?;
        Ok(Self { port, state })
    }

    /// Where it listens.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing passes.
    pub fn cut(&self) {
        self.state.turn(Way::Cut);
    }

    /// What waits passes, and what comes.
    pub fn mend(&self) {
        self.state.turn(Way::Free);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.state.turn(Way::Over);
        // Wakes who accepts.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl State {
    fn turn(&self, way: Way) {
        *self.way.lock().unwrap_or_else(PoisonError::into_inner) = way;
        self.changed.notify_all();
    }

    /// Waits while the way is cut; whether it is free.
    fn is_free(&self) -> bool {
        let way = self.way.lock().unwrap_or_else(PoisonError::into_inner);
        let free = self.changed.wait_while(way, |way| *way == Way::Cut);
        *free.unwrap_or_else(PoisonError::into_inner) == Way::Free
    }
}

fn accept(listener: &TcpListener, target: u16, state: &Arc<State>) {
    for client in listener.incoming() {
        if *state.way.lock().unwrap_or_else(PoisonError::into_inner) == Way::Over {
            return;
        }
        let Ok(client) = client else { continue };
        if state.open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
            state.open.fetch_sub(1, Ordering::Relaxed);
            continue;
        }
        let state = Arc::clone(state);
        let serving = thread::Builder::new().name("relay-connection".into());
        // Without a thread the connection is dropped, which its client sees.
        drop(serving.spawn(move || {
            serve(&client, target, &state);
            state.open.fetch_sub(1, Ordering::Relaxed);
        }));
    }
}

/// One connection, until both its ends have said theirs.
fn serve(client: &TcpStream, target: u16, state: &Arc<State>) {
    if !state.is_free() {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, target)) else { return };
    let (Ok(()), Ok(())) = (client.set_nodelay(true), server.set_nodelay(true)) else { return };
    thread::scope(|scope| {
        scope.spawn(|| pass(client, &server, state));
        pass(&server, client, state);
    });
}

fn pass(mut from: &TcpStream, mut to: &TcpStream, state: &State) {
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = match from.read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        let passed = piece.get(..read).filter(|_| state.is_free());
        if passed.is_none_or(|passed| to.write_all(passed).is_err()) {
            break;
        }
    }
    // Also the end of a connection passes only when the way is free.
    state.is_free();
    let _ = (from.shutdown(Shutdown::Read), to.shutdown(Shutdown::Write));
}

//! Foreign peers that speak HTTP/2: the `h2` crate's client and server, and frames by hand where a
//! well-behaved peer would not send them.

use crate::support::{PATIENCE, Rig, Wire};
use bytes::Bytes;
use h2::{
    RecvStream,
    client::{ResponseFuture, SendRequest},
    server::SendResponse,
};
use http::{HeaderMap, Request, Response};
use std::{
    net::{SocketAddr, TcpListener as StdListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    task::JoinHandle,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::task::TaskTracker;

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// Runs a test's client; one that waits too long fails.
pub(crate) fn run<T>(test: impl Future<Output = T>) -> T {
    runtime().block_on(async { timeout(PATIENCE, test).await.expect("nothing came") })
}

/// A client's connection; its driver lives as long as the runtime.
pub(crate) async fn client(rig: &Rig) -> SendRequest<Bytes> {
    client_over(TcpStream::connect(rig.addr).await.unwrap()).await
}

pub(crate) async fn client_over(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> SendRequest<Bytes> {
    driven(stream).await.0
}

/// A client's connection, and its end.
pub(crate) async fn driven(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> (SendRequest<Bytes>, JoinHandle<Result<(), h2::Error>>) {
    // A stream that nobody reads is not to use up what the connection takes.
    let mut builder = h2::client::Builder::new();
    builder.initial_connection_window_size(16 << 20);
    let (sender, connection) = builder.handshake(stream).await.unwrap();
    (sender, TaskTracker::new().spawn(connection))
}

/// A call of method, path and fields, to an authority that is not the provider's.
pub(crate) fn call(method: &str, path: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut call = Request::builder().method(method).uri(format!("http://a.example{path}"));
    for (name, value) in fields {
        call = call.header(*name, *value);
    }
    call.body(()).unwrap()
}

/// Sends a call with a whole body.
pub(crate) async fn ask(
    client: &SendRequest<Bytes>,
    call: Request<()>,
    body: &str,
) -> Result<Reply, h2::Error> {
    whole(begin(client, call, body).await).await
}

/// Sends a call with a whole body, and does not wait.
pub(crate) async fn begin(
    client: &SendRequest<Bytes>,
    call: Request<()>,
    body: &str,
) -> ResponseFuture {
    let mut ready = client.clone().ready().await.unwrap();
    let (reply, mut stream) = ready.send_request(call, body.is_empty()).unwrap();
    if !body.is_empty() {
        stream.send_data(Bytes::copy_from_slice(body.as_bytes()), true).unwrap();
    }
    reply
}

/// A reply that has ended.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) head: HeaderMap,
    pub(crate) body: String,
    pub(crate) trailers: Option<HeaderMap>,
}

pub(crate) async fn whole(reply: ResponseFuture) -> Result<Reply, h2::Error> {
    let (parts, mut stream) = reply.await?.into_parts();
    let body = read(&mut stream).await?;
    let trailers = stream.trailers().await?;
    Ok(Reply { status: parts.status.as_u16(), head: parts.headers, body, trailers })
}

/// All that a body has still to say.
pub(crate) async fn read(stream: &mut RecvStream) -> Result<String, h2::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = stream.data().await {
        let chunk = chunk?;
        stream.flow_control().release_capacity(chunk.len())?;
        body.extend_from_slice(&chunk);
    }
    Ok(String::from_utf8(body).unwrap())
}

/// Fields as `name: value` lines.
pub(crate) fn lines(head: &HeaderMap) -> Vec<String> {
    head.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

/// A provider that speaks HTTP/2 and nothing else.
pub(crate) struct Streams {
    pub(crate) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
}

/// One call as the provider gets it.
pub(crate) struct Asked {
    pub(crate) request: Request<RecvStream>,
    pub(crate) respond: SendResponse<Bytes>,
    /// Which connection it came by, counted from 1.
    pub(crate) connection: usize,
}

impl Asked {
    /// The body of the call, to its end.
    pub(crate) async fn body(&mut self) -> Result<String, h2::Error> {
        read(self.request.body_mut()).await
    }

    pub(crate) fn answer(&mut self, body: &str) {
        let mut stream = self.respond.send_response(Response::new(()), false).unwrap();
        stream.send_data(Bytes::copy_from_slice(body.as_bytes()), true).unwrap();
    }
}

impl Streams {
    pub(crate) fn answering<A>(answer: impl Fn(Asked) -> A + Send + Sync + 'static) -> Self
    where
        A: Future<Output = ()> + Send + 'static,
    {
        Self::with(h2::server::Builder::new(), None, answer)
    }

    pub(crate) fn with<A>(
        builder: h2::server::Builder,
        tls: Option<TlsAcceptor>,
        answer: impl Fn(Asked) -> A + Send + Sync + 'static,
    ) -> Self
    where
        A: Future<Output = ()> + Send + 'static,
    {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let (count, answer) = (Arc::clone(&connections), Arc::new(answer));
        thread::spawn(move || {
            runtime().block_on(async move {
                let (listener, tasks) =
                    (TcpListener::from_std(listener).unwrap(), TaskTracker::new());
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    stream.set_nodelay(true).unwrap();
                    let number = count.fetch_add(1, Ordering::SeqCst) + 1;
                    let (builder, answer) = (builder.clone(), Arc::clone(&answer));
                    let (tls, of) = (tls.clone(), tasks.clone());
                    tasks.spawn(async move {
                        match tls {
                            None => serve(stream, builder, answer, (number, of)).await,
                            Some(tls) => {
                                let Ok(stream) = tls.accept(stream).await else { return };
                                serve(stream, builder, answer, (number, of)).await;
                            }
                        }
                    });
                }
            });
        });
        Self { addr, connections }
    }

    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.addr)
    }
}

async fn serve<A>(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    builder: h2::server::Builder,
    answer: Arc<impl Fn(Asked) -> A>,
    (connection, tasks): (usize, TaskTracker),
) where
    A: Future<Output = ()> + Send + 'static,
{
    let Ok(mut streams) = builder.handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = streams.accept().await {
        tasks.spawn(answer(Asked { request, respond, connection }));
    }
}

/// A frame: its type, its flags, its stream and its payload.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).unwrap().to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend_from_slice(payload);
    frame
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;

pub(crate) const ACK: u8 = 1;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// `:status: 200` in HPACK's static table.
pub(crate) const STATUS_200: &[u8] = &[0x88];

/// Reads frames until one of `kind`, which it returns with its stream.
pub(crate) fn read_frame(wire: &mut Wire, kind: u8) -> (u32, Vec<u8>) {
    let (_, stream, payload) = read_first(wire, &[kind]);
    (stream, payload)
}

/// Reads frames until one of `kinds`, which it returns with its kind and its stream.
pub(crate) fn read_first(wire: &mut Wire, kinds: &[u8]) -> (u8, u32, Vec<u8>) {
    loop {
        let head = wire.read_exact(9);
        let length = usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2]);
        let payload = wire.read_exact(length);
        if kinds.contains(&head[3]) && !(head[3] == SETTINGS && head[4] == ACK) {
            let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            return (head[3], stream, payload);
        }
    }
}

/// A provider's first words: the client's preface is read, and both sides' settings stand.
pub(crate) fn greet(wire: &mut Wire) {
    assert_eq!(wire.read_exact(24), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    wire.send(frame(SETTINGS, 0, 0, &[]));
    read_frame(wire, SETTINGS);
    wire.send(frame(SETTINGS, ACK, 0, &[]));
}

/// The same from a client.
pub(crate) fn greet_as_client(wire: &mut Wire) {
    wire.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    wire.send(frame(SETTINGS, 0, 0, &[]));
    read_frame(wire, SETTINGS);
    wire.send(frame(SETTINGS, ACK, 0, &[]));
}

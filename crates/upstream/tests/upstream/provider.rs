//! A provider that does what its script says, one turn per call, and remembers who called.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpListener, task::JoinSet};

#[derive(Clone, Debug)]
pub(crate) enum Turn {
    Reply { status: u16, headers: Vec<(String, String)>, body: String },
    Late(Duration, String),
    Bytes(usize),
    Hang,
    Cut,
}

impl Turn {
    pub(crate) fn ok(body: &str) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self::Reply { status, headers: Vec::new(), body: body.to_owned() }
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Reply { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.to_owned()));
        }
        self
    }
}

#[derive(Clone)]
pub(crate) struct Seen {
    pub(crate) path: String,
    headers: hyper::HeaderMap,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().unwrap().to_owned())
    }
}

#[derive(Default)]
struct State {
    script: Mutex<VecDeque<Turn>>,
    seen: Mutex<Vec<Seen>>,
    at_once: AtomicUsize,
    at_once_max: AtomicUsize,
    connections: AtomicUsize,
}

pub(crate) struct Provider {
    pub(crate) base_url: String,
    state: Arc<State>,
    tasks: JoinSet<()>,
}

impl Provider {
    pub(crate) async fn start(script: Vec<Turn>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State { script: Mutex::new(script.into()), ..State::default() });
        let mut connections = JoinSet::new();
        let shared = Arc::clone(&state);
        let accept = async move {
            while let Ok((stream, _)) = listener.accept().await {
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&shared);
                let serve = service_fn(move |call| play(Arc::clone(&state), call));
                let http = hyper::server::conn::http1::Builder::new();
                let connection = http.serve_connection(TokioIo::new(stream), serve);
                connections.spawn(connection);
            }
        };
        let mut tasks = JoinSet::new();
        tasks.spawn(accept);
        Self { base_url, state, tasks }
    }

    pub(crate) async fn stop(mut self) -> String {
        self.tasks.shutdown().await;
        self.base_url
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn at_once_max(&self) -> usize {
        self.state.at_once_max.load(Ordering::SeqCst)
    }
}

struct Cut;

async fn play(
    state: Arc<State>,
    call: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let seen = Seen { path: call.uri().path().to_owned(), headers: call.headers().clone() };
    state.seen.lock().unwrap().push(seen);
    let at_once = state.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    state.at_once_max.fetch_max(at_once, Ordering::SeqCst);
    let _body = call.into_body().collect().await;
    let turn = state.script.lock().unwrap().pop_front();
    let reply = answer(turn.expect("the script is at its end")).await;
    state.at_once.fetch_sub(1, Ordering::SeqCst);
    reply.map_err(|Cut| std::io::Error::other("cut"))
}

async fn answer(turn: Turn) -> Result<Response<Full<Bytes>>, Cut> {
    match turn {
        Turn::Reply { status, headers, body } => {
            let reply = headers
                .into_iter()
                .fold(Response::builder().status(status), |reply, (name, value)| {
                    reply.header(name, value)
                });
            Ok(reply.body(Full::from(body)).unwrap())
        }
        Turn::Late(wait, body) => {
            tokio::time::sleep(wait).await;
            Ok(Response::new(Full::from(body)))
        }
        Turn::Bytes(count) => Ok(Response::new(Full::from(vec![b' '; count]))),
        Turn::Hang => std::future::pending().await,
        Turn::Cut => Err(Cut),
    }
}

//! A console on a free port, a stand-in for the binary's answers, and raw HTTP to ask with.

use console::{Answers, Check, Config, Console, Deps, Limits, Metrics, Unanswered};
use exchange::{ExchangeId, Timestamp};
use serde_json::{Value, json};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Notify,
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

pub(crate) const KNOWN: &str = "0198c0de-0000-7000-8000-000000000001";

/// Answers whose report waits until it is let go, if it is told to.
#[derive(Default)]
pub(crate) struct Canned {
    pub(crate) report_waits: bool,
    pub(crate) asked: Notify,
}

#[async_trait::async_trait]
impl Answers for Canned {
    async fn page(&self) -> Result<String, Unanswered> {
        Ok("<!doctype html><title>console</title>".to_owned())
    }

    async fn report(&self, as_of: Option<Timestamp>) -> Result<Value, Unanswered> {
        self.asked.notify_one();
        if self.report_waits {
            std::future::pending::<()>().await;
        }
        Ok(json!({ "as_of": as_of.map(|moment| moment.0) }))
    }

    async fn evidence(&self, _: Option<Timestamp>) -> Result<Value, Unanswered> {
        Err(Unanswered::Failed("the lake cannot be read".to_owned()))
    }

    async fn policy(&self) -> Result<Value, Unanswered> {
        Ok(json!({ "version": 0 }))
    }

    async fn exchange(&self, id: ExchangeId) -> Result<Value, Unanswered> {
        match id.to_string() {
            id if id == KNOWN => Ok(json!({ "exchange_id": id })),
            id => Err(Unanswered::NotFound(format!("there is no exchange {id}"))),
        }
    }
}

pub(crate) struct World {
    pub(crate) addr: SocketAddr,
    stop: CancellationToken,
    ended: JoinHandle<Result<(), console::Error>>,
}

impl World {
    pub(crate) fn plain() -> Self {
        Self::with(Canned::default(), Vec::new(), Limits::default())
    }

    pub(crate) fn with(answers: Canned, checks: Vec<Check>, limits: Limits) -> Self {
        Self::of(Arc::new(answers), checks, config("127.0.0.1:0", &[], limits))
    }

    pub(crate) fn of(answers: Arc<Canned>, checks: Vec<Check>, config: Config) -> Self {
        Self::start(config, Deps { answers, checks, metrics: Metrics::default() })
    }

    pub(crate) fn start(config: Config, deps: Deps) -> Self {
        let console = Console::bind(config, deps).unwrap();
        let (addr, stop) = (console.addr(), CancellationToken::new());
        #[expect(clippy::disallowed_methods, reason = "the test waits for this one task by itself")]
        let ended = tokio::spawn(console.run(stop.clone()));
        Self { addr, stop, ended }
    }

    /// What is answered to `GET path` as a browser on this machine asks it.
    pub(crate) async fn get(&self, path: &str) -> Told {
        self.get_as(&self.addr.to_string(), path).await
    }

    pub(crate) async fn get_as(&self, host: &str, path: &str) -> Told {
        let head = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
        self.send(&head).await
    }

    /// What is answered to these very bytes, until the console closes the connection.
    pub(crate) async fn send(&self, request: &str) -> Told {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        Told::read(stream).await
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect((std::net::Ipv4Addr::LOCALHOST, self.addr.port())).await.unwrap()
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.ended.await.unwrap().unwrap();
    }
}

pub(crate) fn config(listen: &str, names: &[&str], limits: Limits) -> Config {
    let host_names = names.iter().map(|name| (*name).to_owned()).collect();
    Config { listen: listen.parse().unwrap(), host_names, limits }
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Told {
    pub(crate) async fn read(mut stream: TcpStream) -> Self {
        let mut text = String::new();
        stream.read_to_string(&mut text).await.unwrap();
        let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
        Self { status: status.unwrap(), head: head.to_lowercase(), body: body.to_owned() }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    pub(crate) fn error_code(&self) -> String {
        self.json()["error"]["code"].as_str().expect("an error has a code").to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

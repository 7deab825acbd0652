//! What a call of ours makes of a provider that answers with any bytes. The fuzz target `provider`
//! compiles this very file.

use bytes::Bytes;
use exchange::{Clock, Timestamp};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    runtime::Runtime,
};
use upstream::{
    Answer, Client, Failure, Fault, Limits, ProviderTarget, Quota, REPLY_BYTES_MAX, RETRIES_MAX,
    Secret,
};

const KEY: &str = "a-key-of-ours-0123456789";
const BODY: &[u8] = b"{\"model\":\"m\"}";
/// Waits that a provider asks for are longer than this, or hardly any.
const DEADLINE: Duration = Duration::from_millis(50);

struct Standing;

impl Clock for Standing {
    fn now(&self) -> Timestamp {
        Timestamp(0)
    }
}

/// A provider of raw bytes and a client of it, on one thread.
pub(crate) struct Line {
    runtime: Runtime,
    listener: TcpListener,
    client: Client,
}

impl Line {
    pub(crate) fn open() -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let target = ProviderTarget {
            name: "p".to_owned(),
            base_url: format!("http://{}", listener.local_addr()?),
            key: Secret::new(KEY),
            key_header: "authorization".to_owned(),
            headers: &[],
            way: upstream::Way::default(),
            limits: Limits { retry_wait: Duration::from_micros(1), ..Limits::default() },
        };
        let client = Client::new(target, Arc::new(Standing)).map_err(io::Error::other)?;
        Ok(Self { runtime, listener, client })
    }

    /// Every connection gets `data` for an answer, and its end.
    pub(crate) fn reply_law(&self, data: &[u8]) {
        self.runtime.block_on(async {
            let call = self.client.call("/v1/x", Bytes::from_static(BODY), DEADLINE, 0);
            let serving = async {
                loop {
                    // A client that is gone before its answer is a client's right.
                    let _ = answer(&self.listener, data).await;
                }
            };
            tokio::select! {
                outcome = call => match outcome {
                    Ok(answer) => answer_law(&answer),
                    Err(failure) => failure_law(&failure),
                },
                () = serving => {}
            }
        });
    }
}

/// Reads a call to its end, and answers it.
async fn answer(listener: &TcpListener, data: &[u8]) -> io::Result<()> {
    let (mut stream, _) = listener.accept().await?;
    let (mut unread, mut buffer) = (Vec::new(), [0; 1024]);
    while !unread.ends_with(BODY) {
        let count = stream.read(&mut buffer).await?;
        if count == 0 {
            return Ok(());
        }
        unread.extend_from_slice(&buffer[..count]);
    }
    stream.write_all(data).await?;
    stream.shutdown().await
}

fn answer_law(answer: &Answer) {
    assert!((200..300).contains(&answer.status), "{}", answer.status);
    assert!(answer.body.len() <= REPLY_BYTES_MAX);
    assert_eq!(answer.body.is_empty(), answer.ttft_us.is_none());
    assert!((1..=RETRIES_MAX + 1).contains(&answer.attempts.len()));
    assert!(answer.attempts.last().is_some_and(|last| last.error.is_none()));
    let share = Quota::read(&answer.headers).share();
    assert!(share.is_none_or(|share| (0.0..=1.0).contains(&share)), "{share:?}");
}

fn failure_law(failure: &Failure) {
    assert!((1..=RETRIES_MAX + 1).contains(&failure.attempts.len()));
    assert!(failure.attempts.iter().all(|attempt| attempt.error.is_some()));
    assert!(!format!("{failure} {failure:?}").contains(KEY), "{failure:?}");
    assert_eq!(failure.attempts.last().map(|last| last.status), Some(failure.status));
    let refused = failure.status.is_some_and(|status| (400..429).contains(&status));
    let ours = [401, 402].map(Some).contains(&failure.status);
    let late = failure.status == Some(408);
    assert!(!refused || ours || late || failure.fault == Fault::Candidate, "{failure:?}");
}

//! Clients whose streams share connections of HTTP/2, without TLS.

use crate::CALL_BYTES;
use bytes::Bytes;
use h2::{RecvStream, client};
use http::Request;
use std::net::SocketAddr;
use tokio::{
    net::TcpStream,
    runtime::{Builder, Runtime},
};
use tokio_util::task::TaskTracker;

/// As many as a listener allows unless it is told otherwise.
pub(crate) const STREAMS_A_CONNECTION: usize = 100;

/// Streams that have got their first event. Their connections are served only while somebody reads.
pub(crate) struct Streams {
    runtime: Runtime,
    bodies: Vec<RecvStream>,
}

impl Streams {
    pub(crate) fn open(proxy: SocketAddr, count: usize) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let bodies = runtime.block_on(async {
            let mut bodies = Vec::with_capacity(count);
            while bodies.len() < count {
                connect(proxy, STREAMS_A_CONNECTION.min(count - bodies.len()), &mut bodies).await;
            }
            bodies
        });
        Self { runtime, bodies }
    }

    /// Reads one more event of each.
    pub(crate) fn read_another(&mut self) {
        let bodies = &mut self.bodies;
        self.runtime.block_on(async {
            for body in bodies {
                read_event(body).await;
            }
        });
    }
}

/// Adds `count` streams over a connection of their own.
async fn connect(proxy: SocketAddr, count: usize, bodies: &mut Vec<RecvStream>) {
    let stream = TcpStream::connect(proxy).await.unwrap();
    let (mut sending, connection) = client::handshake(stream).await.unwrap();
    // It ends with the last of its streams.
    TaskTracker::new().spawn(connection);
    for _ in 0..count {
        sending = sending.ready().await.unwrap();
        let (reply, mut body) = sending.send_request(call(proxy), false).unwrap();
        body.send_data(Bytes::from("x".repeat(CALL_BYTES)), true).unwrap();
        let mut body = reply.await.unwrap().into_body();
        read_event(&mut body).await;
        bodies.push(body);
    }
}

fn call(proxy: SocketAddr) -> Request<()> {
    Request::post(format!("http://{proxy}/p/v1/chat/completions"))
        .header("accept", "text/event-stream")
        .header("user-agent", "OpenAI/Python")
        .header("authorization", "Bearer sk-0123456789")
        .header("content-type", "application/json")
        .header("content-length", CALL_BYTES)
        .body(())
        .unwrap()
}

async fn read_event(body: &mut RecvStream) {
    let event = body.data().await.expect("a stream ended").unwrap();
    assert_eq!(event, "data: 1\n\n");
    body.flow_control().release_capacity(event.len()).unwrap();
}

//! What nobody can use up.

use crate::world::{Canned, Told, World, config};
use console::Limits;
use std::{
    io::{Read, Write},
    net::TcpStream,
    sync::{Arc, mpsc},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    runtime::Builder,
};

const SOON: Duration = Duration::from_millis(50);

#[tokio::test]
async fn an_answer_that_takes_too_long_is_given_up() {
    let limits = Limits { answer_wait_max: SOON, ..Limits::default() };
    let slow = Canned { report_waits: true, ..Canned::default() };
    let world = World::with(slow, Vec::new(), limits);
    let told = world.get("/api/v1/report").await;
    assert_eq!((told.status, told.error_code().as_str()), (504, "timed_out"));
    world.stop().await;
}

#[tokio::test]
async fn a_question_too_many_is_told_to_come_back_and_probes_are_still_answered() {
    let limits = Limits { answers_at_once_max: 1, drain_wait_max: SOON, ..Limits::default() };
    let answers = Arc::new(Canned { report_waits: true, ..Canned::default() });
    let world = World::of(Arc::clone(&answers), Vec::new(), config("127.0.0.1:0", &[], limits));
    let mut waiting = world.connect().await;
    let request = "GET /api/v1/report HTTP/1.1\r\nhost: localhost\r\n\r\n";
    waiting.write_all(request.as_bytes()).await.unwrap();
    answers.asked.notified().await;

    let told = world.get("/api/v1/policy").await;
    assert_eq!((told.status, told.error_code().as_str()), (503, "busy"));
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(world.get(path).await.status, 200, "{path}");
    }
    world.stop().await;
}

#[tokio::test]
async fn who_hangs_up_frees_the_seat() {
    let limits = Limits { answers_at_once_max: 1, ..Limits::default() };
    let answers = Arc::new(Canned { report_waits: true, ..Canned::default() });
    let world = World::of(Arc::clone(&answers), Vec::new(), config("127.0.0.1:0", &[], limits));
    let mut waiting = world.connect().await;
    let request = "GET /api/v1/report HTTP/1.1\r\nhost: localhost\r\n\r\n";
    waiting.write_all(request.as_bytes()).await.unwrap();
    answers.asked.notified().await;
    drop(waiting);
    while world.get("/api/v1/policy").await.status == 503 {}
    world.stop().await;
}

#[tokio::test]
async fn who_does_not_finish_the_request_is_let_go() {
    let limits = Limits { head_wait_max: SOON, ..Limits::default() };
    let world = World::with(Canned::default(), Vec::new(), limits);
    let mut slow = world.connect().await;
    slow.write_all(b"GET / HTTP/1.1\r\nhost: local").await.unwrap();
    let mut rest = Vec::new();
    slow.read_to_end(&mut rest).await.unwrap();
    assert!(!rest.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&rest));
    world.stop().await;
}

#[tokio::test]
async fn a_connection_too_many_waits_until_another_ends() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let world = World::with(Canned::default(), Vec::new(), limits);
    let mut first = world.connect().await;
    first.write_all(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut begun = [0; 12];
    first.read_exact(&mut begun).await.unwrap();
    assert_eq!(&begun, b"HTTP/1.1 200");

    let mut second = world.connect().await;
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    second.write_all(request.as_bytes()).await.unwrap();
    let unanswered = tokio::time::timeout(SOON, second.readable()).await;
    assert!(unanswered.is_err(), "the second was answered beside the first");
    drop(first);
    assert_eq!(Told::read(second).await.status, 200);
    world.stop().await;
}

#[tokio::test]
async fn a_body_and_a_method_that_nobody_reads_are_refused() {
    let world = World::plain();
    let head = |method: &str, length: u64| {
        format!(
            "{method} / HTTP/1.1\r\nhost: localhost\r\ncontent-length: {length}\r\n\
                 connection: close\r\n\r\n"
        )
    };
    let told = world.send(&head("GET", 1 << 30)).await;
    assert_eq!((told.status, told.error_code().as_str()), (413, "body_too_large"));
    let told = world.send(&head("POST", 0)).await;
    assert_eq!((told.status, told.error_code().as_str()), (405, "method_not_allowed"));
    world.stop().await;
}

#[tokio::test]
async fn a_stopping_console_lets_go_of_who_still_waits() {
    let limits = Limits { drain_wait_max: SOON, ..Limits::default() };
    let answers = Arc::new(Canned { report_waits: true, ..Canned::default() });
    let world = World::of(Arc::clone(&answers), Vec::new(), config("127.0.0.1:0", &[], limits));
    let mut waiting = world.connect().await;
    let request = "GET /api/v1/report HTTP/1.1\r\nhost: localhost\r\n\r\n";
    waiting.write_all(request.as_bytes()).await.unwrap();
    answers.asked.notified().await;
    world.stop().await;
}

#[test]
fn health_is_told_while_everything_else_computes() {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let within = runtime.enter();
    let world = World::plain();
    drop(within);
    let (computed, computing) = mpsc::channel::<()>();
    let (began, begun) = mpsc::channel();
    let busy = runtime.handle().spawn(async move {
        began.send(()).unwrap();
        // Until the other end is gone: the only thread that there is for tasks.
        let _ = computing.recv();
    });
    begun.recv().unwrap();
    let mut stream = TcpStream::connect(world.addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let request = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    assert!(told.starts_with("HTTP/1.1 200") && told.ends_with("ok\n"), "{told}");
    drop(computed);
    runtime.block_on(async {
        busy.await.unwrap();
        world.stop().await;
    });
}

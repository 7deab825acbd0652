//! A client that keeps its one connection, and sees every byte of each reply.

use crate::wait::PATIENCE;
use std::{
    io::{Read, Write},
    net::TcpStream,
};
use testkit::LiveCall;

/// One connection of HTTP/1.1 below a base URL. A server that closes it fails the test.
pub(crate) struct Kept {
    stream: TcpStream,
    authority: String,
    prefix: String,
}

impl Kept {
    #[track_caller]
    pub(crate) fn connect(base_url: &str) -> Self {
        let rest = base_url.strip_prefix("http://").unwrap();
        let (authority, prefix) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let stream = TcpStream::connect(authority).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { stream, authority: authority.to_owned(), prefix: prefix.to_owned() }
    }

    /// The reply to a call, head and body.
    #[track_caller]
    pub(crate) fn post(&mut self, call: &LiveCall) -> String {
        let fields: String =
            call.headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let body = str::from_utf8(&call.body).unwrap();
        let length = body.len();
        self.ask("POST", &call.path, &format!("{fields}content-length: {length}\r\n"), body)
    }

    /// The reply to a question under a bearer key.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str, key: &str) -> String {
        self.ask("GET", path, &format!("authorization: Bearer {key}\r\n"), "")
    }

    #[track_caller]
    fn ask(&mut self, method: &str, path: &str, fields: &str, body: &str) -> String {
        let (authority, prefix) = (&self.authority, &self.prefix);
        let message =
            format!("{method} {prefix}{path} HTTP/1.1\r\nhost: {authority}\r\n{fields}\r\n{body}");
        self.stream.write_all(message.as_bytes()).unwrap();
        let (mut reply, mut buffer) = (Vec::new(), [0; 16 << 10]);
        loop {
            let count = self.stream.read(&mut buffer).unwrap();
            assert_ne!(count, 0, "the connection was closed");
            reply.extend_from_slice(&buffer[..count]);
            let text = str::from_utf8(&reply).unwrap();
            if is_whole(text) {
                return text.to_owned();
            }
        }
    }
}

/// Whether a reply with a `content-length` is all there.
fn is_whole(reply: &str) -> bool {
    let Some((head, body)) = reply.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
    body.len() == length.parse::<usize>().unwrap()
}

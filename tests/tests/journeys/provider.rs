//! A provider in a process of its own, and one that is hard to reach: behind a forward proxy, with a
//! private authority and a key header of its own.

use crate::{
    command::Guarded,
    kept::Kept,
    town::{SHADOW_SECRET, Town, call},
    wait::{PATIENCE, until},
};
use std::{
    fs,
    io::{BufRead, BufReader, Write, copy},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{Receiver, sync_channel},
    thread,
};

/// Connections that a forward proxy tells of.
const TOLD_MAX: usize = 64;

/// The candidate's provider, in a process of its own.
pub(crate) struct Candidate {
    process: Guarded,
    port: u16,
}

impl Candidate {
    pub(crate) fn start(args: &[&str]) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journeys/candidate.py");
        let mut command = Command::new("python3");
        command.arg(script).args(args).stdout(Stdio::piped());
        let mut process = Guarded(command.spawn().unwrap());
        let mut port = String::new();
        BufReader::new(process.0.stdout.take().unwrap()).read_line(&mut port).unwrap();
        Self { process, port: port.trim().parse().unwrap() }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(crate) fn signal(&self, name: &str) {
        let mut kill = Command::new("kill");
        let sent = kill.arg(format!("-{name}")).arg(self.process.0.id().to_string()).status();
        assert!(sent.unwrap().success());
    }
}

#[test]
fn a_provider_is_reached_as_the_pipeline_says_by_live_and_by_shadow_calls() {
    let town = Town::open();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let (authority, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    let (proxy, asked) = forward_proxy();
    let settings =
        format!("ca_file = \"authority.pem\"\nproxy = \"{proxy}\"\nkey_header = \"api-key\"");
    let files = tempfile::tempdir().unwrap();
    let server = files.path().join("server.pem");
    fs::write(&server, format!("{authority}{key}")).unwrap();
    let candidate = Candidate::start(&[server.to_str().unwrap(), SHADOW_SECRET]);
    let deployment =
        town.deployment_reaching(&format!("https://localhost:{}", candidate.port), &settings);

    let said = deployment.run(&["check"]);
    assert_eq!(said.code(), Some(2), "{}", said.errors);
    let problem = "`authority.pem` cannot be read; No such file";
    assert!(format!("{}{}", said.text(), said.errors).contains(problem), "{}", said.text());

    fs::write(deployment.beside("authority.pem"), authority).unwrap();
    let up = deployment.up();
    town.check_same(&up.base_url("openai"), 0..20);
    let mut live = call(1);
    live.headers[1] = ("api-key".to_owned(), SHADOW_SECRET.to_owned());
    let reply = Kept::connect(&up.base_url("harbor")).post(&live);
    assert!(reply.starts_with("HTTP/1.1 200 OK\r\n") && reply.contains("code-1"), "{reply}");
    until("a shadow of each call", PATIENCE, || {
        let well = "SELECT count(*) AS n FROM shadows WHERE fault IS NULL";
        (deployment.count(well) == 21).then_some(())
    });
    up.stop();
    let target = format!("CONNECT localhost:{} HTTP/1.1", candidate.port);
    let asked: Vec<String> = asked.try_iter().collect();
    assert!(asked.len() >= 2, "live and shadow calls have pools of their own: {asked:?}");
    assert!(asked.iter().all(|asked| *asked == target), "{asked:?}");
}

/// A forward proxy: its URL, and the first line of whatever it is asked.
fn forward_proxy() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (tell, asked) = sync_channel(TOLD_MAX);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, tell) = (stream.unwrap(), tell.clone());
            thread::spawn(move || {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                let first = lines.next().unwrap().unwrap();
                // The client says no more before it has its answer.
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let target = first.split(' ').nth(1).unwrap().replace("localhost", "127.0.0.1");
                // Whoever asked may have what it wanted, or the test is over.
                let _ = tell.try_send(first);
                join(stream, TcpStream::connect(target).unwrap());
            });
        }
    });
    (url, asked)
}

fn join(mut here: TcpStream, mut there: TcpStream) {
    here.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").unwrap();
    let (mut from, mut to) = (there.try_clone().unwrap(), here.try_clone().unwrap());
    thread::spawn(move || {
        // Either side ends when it likes.
        let _ = copy(&mut from, &mut to);
    });
    let _ = copy(&mut here, &mut there);
}

//! The same load through nginx, where it is installed: what a plain proxy costs.

use crate::{
    child::{Child, pinned},
    exists,
};
use std::{
    fs,
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::Stdio,
    thread,
    time::Duration,
};

/// How it passes calls on.
#[derive(Clone, Copy)]
pub(crate) enum Nginx {
    /// As it is without a word about buffers.
    Default,
    /// What comes goes on at once, as a stream needs it.
    Unbuffered,
    /// As by default, with a copy of every request sent to the upstream too.
    Mirror,
    /// The same with the copy sent elsewhere.
    MirrorTo(SocketAddr),
}

impl Nginx {
    fn settings(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Unbuffered => "proxy_buffering off; proxy_request_buffering off;",
            Self::Mirror | Self::MirrorTo(_) => "mirror /copy;",
        }
    }

    /// Where the copies go.
    fn shadow(self) -> String {
        match self {
            Self::Default | Self::Unbuffered | Self::Mirror => "u".into(),
            Self::MirrorTo(shadow) => shadow.to_string(),
        }
    }
}

pub(crate) fn start(core: &str, upstream: SocketAddr, way: Nginx) -> Option<Child> {
    if !exists("nginx", "-v") {
        return None;
    }
    let addr = TcpListener::bind("127.0.0.1:0").ok()?.local_addr().ok()?;
    let dir = tempfile::tempdir().ok()?.keep();
    let config = format!(
        "daemon off; master_process off; pid {dir}/pid; error_log {dir}/errors;\n\
         events {{ worker_connections 1024; }}\n\
         http {{ access_log off; client_body_temp_path {dir}/a; proxy_temp_path {dir}/b;\n\
         fastcgi_temp_path {dir}/c; uwsgi_temp_path {dir}/d; scgi_temp_path {dir}/e;\n\
         keepalive_requests 10000000;\n\
         upstream u {{ server {upstream}; keepalive 128; keepalive_requests 10000000; }}\n\
         server {{ listen {addr}; location /p/ {{ proxy_pass http://u/; proxy_http_version 1.1;\n\
         proxy_set_header Connection ''; {settings} }}\n\
         location = /copy {{ internal; proxy_pass http://{shadow}$request_uri; proxy_http_version 1.1;\n\
         proxy_set_header Connection ''; }} }} }}\n",
        dir = dir.display(),
        settings = way.settings(),
        shadow = way.shadow()
    );
    let file = dir.join("nginx.conf");
    fs::write(&file, config).ok()?;
    let mut command = pinned(core, Path::new("nginx"));
    let command = command.arg("-c").arg(&file).stderr(Stdio::null());
    let child = Child::foreign(command.spawn().ok()?, addr);
    // It says nothing when it listens.
    for _ in 0..100 {
        if TcpStream::connect(addr).is_ok() {
            return Some(child);
        }
        thread::sleep(Duration::from_millis(20));
    }
    None
}

//! nginx and Caddy, started with the blocks of docs/gateways.md, and the tool behind them.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::PAGE;
use crate::support::Answer;

/// The blocks of code of the page in this language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    PAGE.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().expect("a block")).collect()
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr()).expect("a port").port()
}

/// The tool: answers each request with 200, and hands over the head and the length of the body that it got.
pub struct Tool {
    pub port: u16,
    got: Receiver<(String, usize)>,
}

impl Tool {
    pub fn start() -> Self {
        let socket = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = socket.local_addr().expect("an address").port();
        let (sender, got) = channel();
        std::thread::spawn(move || {
            for stream in socket.incoming().map_while(Result::ok) {
                let sender = sender.clone();
                std::thread::spawn(move || while answer(&stream, &sender).is_some() {});
            }
        });
        Self { port, got }
    }

    /// What came since the last time.
    pub fn seen(&self) -> Vec<(String, usize)> {
        self.got.try_iter().collect()
    }
}

/// Hands over what came, then answers.
fn answer(mut stream: &TcpStream, sender: &Sender<(String, usize)>) -> Option<()> {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let header =
        |name: &str| head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix(name)?.trim().parse().ok());
    let mut body = vec![0; header("content-length:").unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    sender.send((head, body.len())).ok()?;
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ntool").ok()
}

/// A site of a gateway, asked by its name at its port of the loopback interface.
pub struct Behind {
    pub host: &'static str,
    pub port: u16,
}

impl Behind {
    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, "")
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the gateway listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a limit");
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n", self.host);
        for (name, value) in headers {
            write!(head, "{name}: {value}\r\n").expect("written");
        }
        if !body.is_empty() {
            write!(head, "Content-Length: {}\r\n", body.len()).expect("written");
        }
        let sent = stream.write_all(format!("{head}\r\n").as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        sent.expect("sent");
        let mut said = String::new();
        stream.read_to_string(&mut said).expect("an answer");
        let (head, body) = said.split_once("\r\n\r\n").expect("a head");
        let headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
        Answer { status, headers, body: body.to_owned() }
    }
}

/// A gateway that runs until it is dropped.
pub struct Gateway {
    child: Child,
    /// The tool behind it.
    pub tool: Behind,
    /// Claviger's own pages behind it.
    pub pages: Behind,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Starts a program, and waits until it listens on these ports.
fn run(command: &mut Command, ports: [u16; 2], log: &Path) -> Gateway {
    let errors = std::fs::File::create(log).expect("a log");
    let mut child =
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(errors).spawn().expect("the gateway is installed");
    let until = Instant::now() + Duration::from_secs(20);
    while ports.iter().any(|port| TcpStream::connect(("127.0.0.1", *port)).is_err()) {
        let ended = child.try_wait().expect("asked");
        assert!(ended.is_none() && Instant::now() < until, "{}", std::fs::read_to_string(log).unwrap_or_default());
        std::thread::yield_now();
    }
    let tool = Behind { host: "data.example.org", port: ports[1] };
    Gateway { child, tool, pages: Behind { host: "keys.example.org", port: ports[0] } }
}

pub fn nginx(folder: &Path, claviger: u16, tool: u16) -> Gateway {
    let ports = [free_port(), free_port()];
    let (site, verify) = match blocks("nginx")[..] {
        [site, verify] => (site, verify),
        ref other => panic!("{} blocks", other.len()),
    };
    let changes = [
        ("127.0.0.1:8080", format!("127.0.0.1:{claviger}")),
        ("127.0.0.1:9000", format!("127.0.0.1:{tool}")),
        ("127.0.0.1:8443", format!("127.0.0.1:{}", ports[0])),
        ("127.0.0.1:8444", format!("127.0.0.1:{}", ports[1])),
    ];
    let site = replaced(site, &changes);
    let at = folder.display();
    let temporary: String =
        ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].iter().fold(String::new(), |mut all, kind| {
            writeln!(all, "{kind}_temp_path {at}/{kind};").expect("written");
            all
        });
    let user = if Path::new("/proc/self/status").exists() && is_root() { "user root;" } else { "" };
    let whole = format!(
        "{user}\ndaemon off;\npid {at}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\naccess_log off;\n{temporary}{site}}}\n"
    );
    std::fs::write(folder.join("nginx.conf"), whole).expect("written");
    std::fs::write(folder.join("claviger-verify.conf"), verify).expect("written");
    let mut command = Command::new("nginx");
    command.arg("-e").arg("stderr").arg("-p").arg(folder).arg("-c").arg(folder.join("nginx.conf"));
    run(&mut command, ports, &folder.join("nginx.log"))
}

fn is_root() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0"))
}

pub fn caddy(folder: &Path, claviger: u16, tool: u16) -> Gateway {
    let ports = [free_port(), free_port()];
    let changes = [
        ("127.0.0.1:8080", format!("127.0.0.1:{claviger}")),
        ("127.0.0.1:9000", format!("127.0.0.1:{tool}")),
        ("keys.example.org {", format!("http://keys.example.org:{} {{", ports[0])),
        ("data.example.org {", format!("http://data.example.org:{} {{", ports[1])),
    ];
    let site = replaced(blocks("caddy")[0], &changes);
    std::fs::write(
        folder.join("Caddyfile"),
        format!("{{\n\tadmin off\n\tauto_https off\n\tdefault_bind 127.0.0.1\n}}\n{site}"),
    )
    .expect("written");
    let mut command = Command::new("caddy");
    command
        .env("HOME", folder)
        .arg("run")
        .arg("--adapter")
        .arg("caddyfile")
        .arg("--config")
        .arg(folder.join("Caddyfile"));
    run(&mut command, ports, &folder.join("caddy.log"))
}

fn replaced(text: &str, changes: &[(&str, String)]) -> String {
    changes.iter().fold(text.to_owned(), |text, (before, after)| {
        assert!(text.contains(before), "{before}");
        text.replace(before, after)
    })
}

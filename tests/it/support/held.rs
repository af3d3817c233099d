//! Requests whose last byte is held back, as somebody with a slow line, or with bad intent, sends them.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Client, TestApp};

/// A request that lacks the last byte of its body.
pub struct Held {
    stream: TcpStream,
    last: u8,
}

impl Held {
    /// Sends the head and all of the body but its last byte.
    pub fn send(app: &TestApp, method: &str, path: &str, headers: &str, body: &str) -> Self {
        let address = app.url.strip_prefix("http://").expect("http");
        let mut stream = TcpStream::connect(address).expect("a connection");
        let (first, last) = body.as_bytes().split_at(body.len() - 1);
        let length = body.len();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: {length}\r\nConnection: close\r\n{headers}\r\n"
        );
        stream.write_all(head.as_bytes()).expect("the head is sent");
        stream.write_all(first).expect("most of the body is sent");
        Self { stream, last: last[0] }
    }

    /// A form of a person who is signed in.
    pub fn form(app: &TestApp, client: &Client, token: &str, path: &str, fields: &[(&str, &str)]) -> Self {
        let all: Vec<(&str, &str)> = fields.iter().copied().chain([("csrf", token)]).collect();
        let cookie = client.cookie("claviger").expect("signed in");
        let headers = format!(
            "Cookie: claviger={cookie}\r\nSec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n"
        );
        Self::send(app, "POST", path, &headers, &serde_html_form::to_string(all).expect("fields encode"))
    }

    /// Sends the last byte; gives the status and the whole answer.
    pub fn release(mut self) -> (u16, String) {
        self.stream.write_all(&[self.last]).expect("the last byte is sent");
        let mut answer = String::new();
        self.stream.read_to_string(&mut answer).expect("an answer");
        (answer[9..12].parse().expect("a status"), answer)
    }
}

impl Client {
    /// The token that the forms of this browser carry.
    pub fn token(&self) -> String {
        self.get("/account").hidden_fields("/sign-out").remove("csrf").expect("signed in")
    }
}

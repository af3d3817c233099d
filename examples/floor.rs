//! What `scripts/bench verify` compares with: a handler that asks nothing and answers with the headers of a verification.
//! `cargo run --profile dist --example floor PORT`

use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{App, HttpResponse, HttpServer, web};

const HEADERS: [(&str, &str); 8] = [
    ("remote-user", "miriam"),
    ("remote-name", "Miriam Okonkwo"),
    ("remote-email", "miriam@example.org"),
    ("x-key-id", "3fK9aZ2q"),
    ("x-key-scopes", "data:read data:write"),
    ("x-key-resource", ""),
    ("x-key-expires-at", "2027-02-18T12:00:00Z"),
    ("cache-control", "no-store"),
];

async fn answer() -> HttpResponse {
    let mut response = HttpResponse::new(actix_web::http::StatusCode::OK);
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    let port = std::env::args().nth(1).and_then(|port| port.parse().ok()).unwrap_or(0);
    HttpServer::new(|| App::new().route("/verify", web::to(answer))).bind(("127.0.0.1", port))?.run().await
}

//! The HTTP server: its limits, its layers, its beginning and its end.

use std::net::{Shutdown, SocketAddr, TcpListener};
use std::time::Duration;

use actix_session::SessionMiddleware;
use actix_session::config::{BrowserSession, CookieContentSecurity};
use actix_web::cookie::{Key, SameSite};
use actix_web::dev::ServerHandle;
use actix_web::middleware::from_fn;
use actix_web::{App as Server, HttpServer, web};
use socket2::SockRef;

use crate::actions::App;
use crate::web::connections::Connections;
use crate::web::gateway::bare::{self, LastHost};
use crate::web::hosts::Hosts;
use crate::web::site_origin::SiteOrigin;
use crate::web::{attempts, errors, headers, hosts, middleware, sessions};

/// How long a request's head may take to arrive.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long requests in flight may take when the server ends, in seconds.
const SHUTDOWN_SECONDS: u64 = 15;
/// Connections per worker thread at the most; the rest wait in the system's queue.
const CONNECTIONS: u64 = 8192;
/// Open files that are not for connections: the database, logs, static parts.
const RESERVED_FILES: u64 = 64;

/// A server that is bound and ready to run.
pub struct Bound {
    /// The address that was bound.
    pub address: SocketAddr,
    /// Runs until it is stopped.
    pub server: actix_web::dev::Server,
    /// What the pages know of their place.
    pub place: SiteOrigin,
    listener: TcpListener,
}

impl Bound {
    /// Takes what refuses new connections from some moment on, while those that are there are served.
    pub fn listening(&self) -> std::io::Result<Listening> {
        Ok(Listening { handle: self.server.handle(), listener: self.listener.try_clone()? })
    }
}

/// What refuses new connections from some moment on.
pub struct Listening {
    handle: ServerHandle,
    listener: TcpListener,
}

impl Listening {
    /// Refuses new connections from now on.
    pub async fn close(&self) {
        self.handle.pause().await;
        if let Err(error) = SockRef::from(&self.listener).shutdown(Shutdown::Both) {
            tracing::debug!(%error, "The listening socket was closed already.");
        }
    }

    /// Ends the server, and what is still connected to it.
    pub async fn end(&self) {
        self.handle.stop(false).await;
    }
}

/// Binds the listening address and puts the layers together. Signals are the caller's.
pub async fn bind(app: web::Data<App>) -> Result<Bound, String> {
    let failed = |error: std::io::Error| format!("CLAVIGER_LISTEN: {} cannot be used: {error}", app.config.listen);
    let listener = TcpListener::bind(app.config.listen).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let same = listener.try_clone().map_err(failed)?;
    let place = SiteOrigin { public_address: app.config.public_address(address), https: app.config.is_https() };
    let cookie_key = app.cookie_key().await.map_err(|error| error.to_string())?;

    let (data, pages_place) = (app.clone(), web::Data::new(place.clone()));
    let hosts = web::Data::new(Hosts::of(&app.config));
    let each = connections();
    let bounded = Connections::new(per_address(&app, each), &app.config.trusted_proxies);
    let server = HttpServer::new(move || {
        Server::new()
            .app_data(data.clone())
            .app_data(pages_place.clone())
            .app_data(hosts.clone())
            .app_data(LastHost::default())
            .configure(super::gateways)
            .default_service(web::to(bare::nowhere))
            .service(
                web::scope("")
                    .wrap(from_fn(attempts::note))
                    .wrap(from_fn(middleware::refuse_key_in_url))
                    .wrap(from_fn(middleware::refuse_disguised_path))
                    .wrap(from_fn(hosts::refuse_foreign))
                    .wrap(from_fn(middleware::catch_panic))
                    .wrap(from_fn(errors::render))
                    .wrap(from_fn(headers::secure))
                    .wrap(from_fn(middleware::request))
                    .wrap(from_fn(middleware::refuse_chunked))
                    .configure(super::machines)
                    .configure(super::files)
                    .service(
                        web::scope("")
                            .wrap(session_layer(data.clone(), &cookie_key, pages_place.https))
                            .wrap(from_fn(headers::no_store))
                            .configure(super::pages)
                            .default_service(web::to(super::elsewhere)),
                    ),
            )
    })
    .on_connect(move |connection, data| bounded.admit(connection, data))
    .client_request_timeout(HEAD_TIMEOUT)
    .keep_alive(KEEP_ALIVE)
    .max_connections(each)
    .shutdown_timeout(SHUTDOWN_SECONDS)
    .disable_signals()
    .listen(listener)
    .map_err(failed)?
    .run();
    Ok(Bound { address, server, place, listener: same })
}

/// As many connections per worker as the limit of open files allows, so that a full house waits instead of failing.
fn connections() -> usize {
    let workers = std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64);
    let files = rlimit::Resource::NOFILE.get_soft().unwrap_or(1024);
    let each = (files.saturating_sub(RESERVED_FILES) / workers).clamp(8, CONNECTIONS);
    usize::try_from(each).unwrap_or(8)
}

/// As many connections as the setting allows one address, and a quarter of all at the most.
fn per_address(app: &App, each: usize) -> usize {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    app.config.connections_per_address.min(each * workers / 4)
}

/// The session cookie: `__Host-` and `Secure` where people come by https, never readable by scripts.
fn session_layer(app: web::Data<App>, cookie_key: &[u8], https: bool) -> SessionMiddleware<sessions::Sessions> {
    SessionMiddleware::builder(sessions::Sessions::new(app), Key::from(cookie_key))
        .cookie_name(sessions::cookie_name(https).into())
        .cookie_secure(https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(BrowserSession::default())
        .build()
}

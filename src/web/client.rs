//! Who is at the other end: the address that is believed, the reference of the request.

use std::net::IpAddr;

use actix_web::HttpMessage;
use actix_web::HttpRequest;
use actix_web::http::header;
use ipnet::IpNet;

use crate::config::Config;
use crate::domain::keys::secret::appears_in;

/// The reference of a request: on error pages, in the log and in the audit log.
#[derive(Debug, Clone)]
pub struct Reference(pub String);

impl Reference {
    /// Of this request.
    pub fn of(request: &HttpRequest) -> String {
        request.extensions().get::<Self>().map(|reference| reference.0.clone()).unwrap_or_default()
    }
}

/// The address at the other end of the connection.
pub fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip().to_canonical())
}

/// The client's address: the peer's, unless the peer is a trusted proxy; then the right-most address of
/// `X-Forwarded-For` that is no trusted proxy. Text that is no address ends the search at the last believed one.
pub fn address(request: &HttpRequest, config: &Config) -> Option<IpAddr> {
    let mut believed = peer(request)?;
    let mut hops = Vec::new();
    for value in request.headers().get_all("x-forwarded-for") {
        hops.extend(value.to_str().unwrap_or("?").split(',').map(str::trim));
    }
    for hop in hops.iter().rev() {
        if !is_in(&config.trusted_proxies, believed) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(address) => believed = address.to_canonical(),
            Err(_) => break,
        }
    }
    Some(believed)
}

/// Did a gateway or a monitor connect? What forwarding headers say does not count.
pub fn is_gateway(request: &HttpRequest, config: &Config) -> bool {
    peer(request).is_some_and(|peer| is_in(&config.gateway_networks, peer))
}

/// Is the address in one of the networks?
pub fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// The client's `User-Agent`; empty when there is none. One that holds a key is left out: it is kept and shown.
pub fn agent<'a>(request: &'a HttpRequest, config: &Config) -> &'a str {
    let agent = request.headers().get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    if appears_in(&config.prefixes, agent) { "(it held an API key)" } else { agent }
}

/// A name for a browser out of its `User-Agent`, for the list of sessions: "Firefox on Linux".
pub fn browser_name(agent: &str) -> String {
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find =
        |names: &[(&str, &'static str)]| names.iter().find(|(sign, _)| agent.contains(sign)).map(|(_, name)| *name);
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => "An unknown browser".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;
    use crate::config::Given;

    #[test]
    fn only_trusted_proxies_are_believed_and_only_their_own_hop() {
        let config = |proxies: &str| {
            let given = Given { trusted_proxies: Some(proxies.into()), ..Given::default() };
            Config::parse(&given).unwrap_or_else(|errors| panic!("{errors:?}"))
        };
        let seen = |proxies: &str, forwarded: &[&str]| {
            let mut request = TestRequest::default().peer_addr("10.0.0.1:9".parse().unwrap());
            for value in forwarded {
                request = request.append_header(("X-Forwarded-For", *value));
            }
            address(&request.to_http_request(), &config(proxies)).unwrap().to_string()
        };
        assert_eq!(seen("", &["1.1.1.1"]), "10.0.0.1", "nobody is trusted");
        assert_eq!(seen("10.0.0.2", &["1.1.1.1"]), "10.0.0.1", "another proxy is trusted");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6, 1.1.1.1"]), "1.1.1.1", "what the client wrote itself is not believed");
        assert_eq!(seen("10.0.0.0/8", &["6.6.6.6, 1.1.1.1, 10.0.0.7"]), "1.1.1.1", "through two proxies");
        assert_eq!(seen("10.0.0.1", &["6.6.6.6", "1.1.1.1"]), "1.1.1.1", "two headers are one list");
        assert_eq!(seen("10.0.0.1", &["1.1.1.1, nonsense"]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &["::ffff:1.1.1.1"]), "1.1.1.1");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
    }
}

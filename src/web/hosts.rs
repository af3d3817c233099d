//! The hosts for which this server answers. A page of another site that lets its own name point here (DNS rebinding) would be of
//! the same origin as the pages here, for the browser and for the check of a form's origin.

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;
use actix_web::{Error as ActixError, web};

use crate::config::Config;
use crate::web::errors;

/// The hosts for which this server answers: the public address, what the settings add, and what nobody can register as a name
/// of their own: addresses, `localhost`, and names without a dot.
#[derive(Debug, Clone)]
pub struct Hosts {
    /// In lower case; `*` is any, `*.` before a name is all below it.
    names: Vec<String>,
}

impl Hosts {
    /// As the settings say.
    pub fn of(config: &Config) -> Self {
        let public = config.public_url.as_ref().and_then(|url| url.host_str()).map(str::to_owned);
        Self { names: public.into_iter().chain(config.hosts.iter().cloned()).collect() }
    }

    /// Does it answer for this `Host`? One that says nothing is no browser.
    pub fn answer_for(&self, host: Option<&str>) -> bool {
        let Some(host) = host else { return true };
        let Ok(authority) = host.parse::<Authority>() else { return false };
        let name = authority.host().trim_end_matches('.').to_ascii_lowercase();
        let address = name.trim_start_matches('[').trim_end_matches(']');
        let nobodys = !name.contains('.') || name.ends_with(".localhost");
        let named = |own: &String| match own.strip_prefix('*') {
            Some("") => true,
            Some(suffix) => name.ends_with(suffix),
            None => name == *own,
        };
        nobodys || address.parse::<std::net::IpAddr>().is_ok() || self.names.iter().any(named)
    }
}

/// Refuses a request for another host: 421 (RFC 9110, section 15.5.20).
pub async fn refuse_foreign(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, ActixError> {
    let hosts = request.app_data::<web::Data<Hosts>>();
    let host = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or("?"));
    let in_line = request.uri().authority().map(Authority::as_str);
    if hosts.is_some_and(|hosts| hosts.answer_for(host) && hosts.answer_for(in_line)) {
        return next.call(request).await.map(ServiceResponse::map_into_left_body);
    }
    Ok(request.into_response(errors::misdirected()).map_into_right_body())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Given;

    #[test]
    fn only_names_that_are_its_own_or_nobodys_are_answered_for() {
        let given = Given {
            public_url: Some("https://keys.example.org".into()),
            hosts: Some("Claviger.svc.cluster.local, *.lab.example".into()),
            ..Given::default()
        };
        let hosts = Hosts::of(&Config::parse(&given).unwrap_or_else(|errors| panic!("{errors:?}")));
        for own in [
            "keys.example.org",
            "KEYS.example.org:443",
            "keys.example.org.",
            "127.0.0.1:8080",
            "[::1]:8080",
            "10.0.0.7",
            "localhost:8080",
            "app.localhost",
            "claviger:8080",
            "claviger.svc.cluster.local:80",
            "a.lab.example",
        ] {
            assert!(hosts.answer_for(Some(own)), "{own}");
        }
        for foreign in [
            "evil.example",
            "keys.example.org.evil.example",
            "lab.example",
            "xlab.example",
            "?",
            "a b",
            "127.0.0.1.evil.example",
        ] {
            assert!(!hosts.answer_for(Some(foreign)), "{foreign}");
        }
        assert!(hosts.answer_for(None));
        assert!(Hosts { names: vec!["*".into()] }.answer_for(Some("evil.example")));
    }
}

//! Reading the text of one setting; an error is a sentence that names its variable.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Url;
use zeroize::Zeroizing;

use crate::domain::keys::secret::Prefix;
use crate::store::Address;

/// Parses a setting that was given and is not blank.
pub(super) fn set<T>(
    given: Option<&String>,
    target: &mut T,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<(), String> {
    match given.map(|text| text.trim()).filter(|text| !text.is_empty()) {
        Some(text) => parse(text).map(|value| *target = value),
        None => Ok(()),
    }
}

/// The text of a wrong address is not repeated: it may hold a password.
pub(super) fn database(text: &str) -> Result<Address, String> {
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Ok(Address::postgres(text));
    }
    match text.strip_prefix("sqlite://") {
        Some(path) if !path.is_empty() && !path.contains(['?', '\0']) && !path.ends_with('/') && path != ":memory:" => {
            Ok(Address::Sqlite(path.to_owned()))
        }
        _ => Err("DATABASE_URL is neither sqlite://PATH nor postgres://USER:PASSWORD@HOST/NAME. Give one of the two, such as sqlite://data/claviger.db".into()),
    }
}

pub(super) fn public_url(text: &str) -> Result<Url, String> {
    let wrong = || {
        format!(
            "CLAVIGER_PUBLIC_URL is {text:?}. Give http:// or https:// and a host, without a path, such as https://keys.example.org"
        )
    };
    let url = Url::parse(text).map_err(|_| wrong())?;
    let plain = url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    (matches!(url.scheme(), "http" | "https") && url.host().is_some() && plain).then_some(url).ok_or_else(wrong)
}

/// The first line of a file that holds a password. Neither its name nor its text is repeated in full: the name may be the
/// password, put there by error.
pub(super) fn password_in(path: &str) -> Result<Zeroizing<String>, String> {
    let failed =
        |why: &str| format!("DATABASE_PASSWORD_FILE: the file that it names {why}. Give the path of a text file");
    let text = std::fs::read_to_string(path).map(Zeroizing::new);
    let text = text.map_err(|error| failed(&format!("cannot be read: {}", error.kind())))?;
    let password = text.trim_end_matches(['\r', '\n']);
    if password.is_empty() || password.contains(['\r', '\n', '\0']) {
        return Err(failed("does not hold one line"));
    }
    Ok(Zeroizing::new(password.to_owned()))
}

pub(super) fn hosts(text: &str) -> Result<Vec<String>, String> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_ascii_lowercase);
    parts
        .map(|part| {
            let name = part.strip_prefix("*.").unwrap_or(&part);
            let fits = |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            if part == "*" || name.split('.').all(fits) {
                return Ok(part);
            }
            Err(format!("CLAVIGER_HOSTS holds {part:?}. Give host names without a port, separated by commas, or *"))
        })
        .collect()
}

pub(super) fn networks(variable: &str, text: &str) -> Result<Vec<IpNet>, String> {
    let network = |part: &str| part.parse::<IpNet>().or_else(|_| part.parse::<IpAddr>().map(IpNet::from));
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            network(part).map_err(|_| {
                format!("{variable} holds {part:?}. Give addresses or networks such as 10.0.0.0/8, separated by commas")
            })
        })
        .collect()
}

pub(super) fn number(variable: &str, text: &str, least: u64, most: u64) -> Result<u64, String> {
    let number = text.parse().ok().filter(|number| (least..=most).contains(number));
    number.ok_or_else(|| format!("{variable} is {text:?}. Give a number between {least} and {most}"))
}

pub(super) fn prefixes(text: &str) -> Result<Vec<Prefix>, String> {
    let parse = |part: &str| {
        Prefix::parse(part.trim())
            .ok_or_else(|| format!("CLAVIGER_KEY_PREFIX holds {part:?}. Give 2 to 12 lower-case letters or digits"))
    };
    text.split(',').map(parse).collect()
}

/// Loopback, RFC 1918, RFC 4193 and link-local networks.
pub(super) fn private_networks() -> Vec<IpNet> {
    const PRIVATE: [&str; 8] = [
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    ];
    PRIVATE.iter().filter_map(|network| network.parse().ok()).collect()
}

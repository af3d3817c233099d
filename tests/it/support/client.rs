//! A browser without a screen: cookies, forms with their tokens, the headers that browsers send.

use std::collections::HashMap;

use scraper::{Html, Selector};
use ureq::Agent;
use ureq::http::Request;

/// A browser.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    pub url: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Client {
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(0)
            .allow_non_standard_methods(true)
            .user_agent("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
            .build();
        Self { agent: config.into(), url: url.to_owned() }
    }

    /// The same browser, with its cookies, at another address.
    pub fn at(&self, url: &str) -> Self {
        Self { agent: self.agent.clone(), url: url.to_owned() }
    }

    pub fn get(&self, path: &str) -> Answer {
        self.get_with(path, &[])
    }

    /// What a path answers with, as bytes.
    pub fn bytes(&self, path: &str) -> Vec<u8> {
        let request = Request::builder().uri(format!("{}{path}", self.url)).body(()).expect("a request");
        let mut response = self.agent.run(request).expect("the server answers");
        response.body_mut().read_to_vec().expect("bytes")
    }

    pub fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send("GET", path, headers, None)
    }

    /// Sends a form as a page of this site would: with the token of the page at `from`.
    pub fn submit(&self, from: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get(from);
        assert_eq!(page.status, 200, "{from}: {}", page.body);
        let mut hidden = page.hidden_fields(path);
        hidden.retain(|name, _| !fields.iter().any(|(given, _)| given == name));
        let all: Vec<(&str, &str)> =
            hidden.iter().map(|(name, value)| (name.as_str(), value.as_str())).chain(fields.iter().copied()).collect();
        self.post(path, &all)
    }

    /// Sends a form from this site, with exactly these fields.
    pub fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_with(path, fields, &[("sec-fetch-site", "same-origin")])
    }

    /// Sends a form with exactly these fields and headers.
    pub fn post_with(&self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Answer {
        let body = serde_html_form::to_string(fields).expect("fields encode");
        let mut all = vec![("content-type", "application/x-www-form-urlencoded")];
        all.extend_from_slice(headers);
        self.send("POST", path, &all, Some(body))
    }

    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<String>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        let mut response = response.expect("the server answers");
        let headers = response
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        Answer {
            status: response.status().as_u16(),
            headers,
            body: response.body_mut().read_to_string().expect("text"),
        }
    }

    /// The value of a cookie that this browser holds.
    pub fn cookie(&self, name: &str) -> Option<String> {
        let jar = self.agent.cookie_jar_lock();
        jar.iter().find(|cookie| cookie.name() == name).map(|cookie| cookie.value().to_owned())
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.all(name).first().copied().unwrap_or_default()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.headers.iter().filter(|(header, _)| header == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// All headers but the date and the length, in one order.
    pub fn sorted_headers(&self) -> Vec<(String, String)> {
        let told = |(name, _): &&(String, String)| !["date", "content-length"].contains(&name.as_str());
        let mut headers: Vec<_> = self.headers.iter().filter(told).cloned().collect();
        headers.sort();
        headers
    }

    /// The text of the page without tags, spaces folded.
    pub fn text(&self) -> String {
        let page = Html::parse_document(&self.body);
        page.root_element().text().collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The texts of all elements that match.
    pub fn texts(&self, selector: &str) -> Vec<String> {
        let page = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        let fold = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
        page.select(&selector).map(|element| fold(element.text().collect())).collect()
    }

    /// An attribute of the first element that matches.
    pub fn attribute(&self, selector: &str, name: &str) -> String {
        let page = Html::parse_document(&self.body);
        let selector = Selector::parse(selector).expect("a selector");
        let element = page.select(&selector).next();
        element.and_then(|element| element.value().attr(name)).unwrap_or_default().to_owned()
    }

    /// The hidden fields of the form that posts to `action`; of any form when none does.
    pub fn hidden_fields(&self, action: &str) -> HashMap<String, String> {
        let page = Html::parse_document(&self.body);
        let fields = |selector: &str| -> HashMap<String, String> {
            let selector = Selector::parse(selector).expect("a selector");
            let pair = |field: scraper::ElementRef<'_>| {
                Some((
                    field.value().attr("name")?.to_owned(),
                    field.value().attr("value").unwrap_or_default().to_owned(),
                ))
            };
            page.select(&selector).filter_map(pair).collect()
        };
        let own = fields(&format!("form[action='{action}'] input[type=hidden]:not([disabled])"));
        if own.is_empty() { fields("#row-post input[type=hidden]") } else { own }
    }

    /// The secret that the page shows.
    pub fn secret(&self) -> String {
        let shown = self.texts("#new-key");
        let told: String = self.text().chars().take(600).collect();
        assert_eq!(shown.len(), 1, "one secret is shown, status {}: {told}", self.status);
        shown[0].clone()
    }
}

//! Static files, inside the binary: served under names that carry a hash of their content, to be kept for a year.
//!
//! Only these are compressed: a page with a secret and a stranger's words, compressed together, can be guessed at by
//! its length (BREACH). Our styles and scripts are small files by component in `static/css`, `static/js` and, for the grid alone, `static/js-grid`; each
//! folder goes out as one file.

use std::collections::HashMap;
use std::io::Write;
use std::sync::LazyLock;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "static/"]
struct Embedded;

/// One file as it is served.
struct Asset {
    content_type: &'static str,
    bytes: Vec<u8>,
    gzipped: Option<Vec<u8>>,
}

/// All files: by the name that templates use, and by the name that carries the hash.
struct Assets {
    paths: HashMap<String, String>,
    files: HashMap<String, Asset>,
}

static ASSETS: LazyLock<Assets> = LazyLock::new(Assets::load);

/// The path to write into a page for a file, such as `app.css`. An unknown name is a defect that a test finds.
pub fn path(name: &str) -> &'static str {
    ASSETS.paths.get(name).map_or("/static/missing", String::as_str)
}

/// What our styles build on.
const BOOTSTRAP: &str = "vendor/bootstrap-5.3.8.min.css";

impl Assets {
    fn load() -> Self {
        let mut assets = Self { paths: HashMap::new(), files: HashMap::new() };
        let names: Vec<String> = Embedded::iter().map(|name| name.to_string()).collect();
        let is_part = |name: &str| {
            ["css/", "js/", "js-grid/"].iter().any(|folder| name.starts_with(folder))
                || name.ends_with("LICENSE.txt")
                || name == BOOTSTRAP
        };
        for name in names.iter().filter(|name| !is_part(name)) {
            if let Some(file) = Embedded::get(name) {
                assets.add(name, file.data.into_owned());
            }
        }
        // In one file with what they build on: a page never stands there with half of its styles.
        let mut styles = Embedded::get(BOOTSTRAP).map(|file| file.data.into_owned()).unwrap_or_default();
        styles.push(b'\n');
        styles.extend(assets.with_paths(&joined(&names, "css/")).into_bytes());
        assets.add("app.css", styles);
        assets.add("app.js", joined(&names, "js/").into_bytes());
        assets.add("grid.js", joined(&names, "js-grid/").into_bytes());
        assets
    }

    fn add(&mut self, name: &str, bytes: Vec<u8>) {
        let hash = &hex::encode(Sha256::digest(&bytes))[..12];
        let (stem, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        let hashed = format!("{stem}.{hash}.{ending}");
        self.paths.insert(name.to_owned(), format!("/static/{hashed}"));
        let gzipped = (ending != "woff2").then(|| gzip(&bytes)).flatten();
        self.files.insert(hashed, Asset { content_type: content_type(ending), bytes, gzipped });
    }

    /// Styles name fonts as `url("fonts/…")`; this puts in the names that carry the hash.
    fn with_paths(&self, styles: &str) -> String {
        let mut styles = styles.to_owned();
        for (name, path) in &self.paths {
            styles = styles.replace(&format!("url(\"{name}\")"), &format!("url(\"{path}\")"));
        }
        styles
    }
}

/// All files of a folder in the order of their names, without indentation, and without comments that fill whole lines.
fn joined(names: &[String], folder: &str) -> String {
    let mut parts: Vec<&String> = names.iter().filter(|name| name.starts_with(folder)).collect();
    parts.sort();
    let text = |name: &String| {
        let file = Embedded::get(name)?;
        let text = String::from_utf8_lossy(&file.data).into_owned();
        let mut continues = false;
        let is_code = |line: &&str| {
            let is_comment = continues || line.starts_with("/*");
            continues = is_comment && !line.ends_with("*/");
            !is_comment
        };
        Some(text.lines().map(str::trim).filter(is_code).collect::<Vec<_>>().join("\n"))
    };
    parts.into_iter().filter_map(text).collect::<Vec<_>>().join("\n")
}

fn content_type(ending: &str) -> &'static str {
    match ending {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

fn gzip(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok()
}

/// `GET /static/…`.
pub async fn serve(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = ASSETS.files.get(name.as_str()) else { return HttpResponse::NotFound().finish() };
    let accepted =
        request.headers().get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let gzipped = asset.gzipped.as_deref().filter(|_| accepted.contains("gzip"));
    let mut response = HttpResponse::Ok();
    response
        .content_type(asset.content_type)
        .insert_header((header::CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((header::VARY, "Accept-Encoding"));
    if gzipped.is_some() {
        response.insert_header((header::CONTENT_ENCODING, "gzip"));
    }
    response.body(gzipped.unwrap_or(&asset.bytes))
}

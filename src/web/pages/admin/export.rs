//! Export of the list, in the shown columns or all: CSV, TSV, XLSX, JSON Lines. Streamed: memory does not grow with the rows.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use actix_web::http::header;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse, web};
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};
use tokio::sync::mpsc::{Sender, channel};

use crate::actions::keys::browse::ListedKey;
use crate::actions::keys::export::Export;
use crate::actions::{App, Error};
use crate::domain::field_error::FieldError;
use crate::domain::key_filter::Column;
use crate::domain::time::clock::Timestamp;
use crate::web::access::Admin;
use crate::web::errors::PageError;
use crate::web::export_row::{Cell, cells, heads, object};
use crate::web::key_query::KeyQuery;

/// Rows of a worksheet, without its head (Excel's limit is 1,048,576).
const WORKBOOK_ROWS: i64 = 1_048_575;
/// How long a reader may pause.
const PATIENCE: Duration = Duration::from_mins(2);
/// Bytes of a workbook that are sent at a time.
const CHUNK: usize = 256 * 1024;

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr, strum::VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum ExportFormat {
    /// Comma-separated (RFC 4180).
    Csv,
    /// Tab-separated.
    Tsv,
    /// A workbook.
    Xlsx,
    /// One JSON object a line.
    Jsonl,
}

impl ExportFormat {
    /// All of them, in the order of the menu.
    pub fn all() -> impl Iterator<Item = Self> {
        <Self as strum::VariantArray>::VARIANTS.iter().copied()
    }

    /// The ending of the file and of the path.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What people read.
    pub fn label(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Tsv => "TSV",
            Self::Xlsx => "Excel (.xlsx)",
            Self::Jsonl => "JSON Lines",
        }
    }

    fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Tsv => "text/tab-separated-values; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            Self::Jsonl => "application/jsonl; charset=utf-8",
        }
    }

    fn most(self) -> i64 {
        if self == Self::Xlsx { WORKBOOK_ROWS } else { i64::MAX }
    }

    /// The path of the export of a list.
    pub fn path(self, query: &str, all_columns: bool) -> String {
        let columns = if all_columns { "&columns=all" } else { "" };
        format!("/admin/api-keys/export.{}?{query}{columns}", self.as_str())
    }
}

/// `GET /admin/api-keys/export.{format}`
pub async fn export(
    request: HttpRequest,
    app: web::Data<App>,
    Admin(user): Admin,
    format: web::Path<String>,
) -> Result<HttpResponse, PageError> {
    let format = ExportFormat::all().find(|one| one.as_str() == format.as_str()).ok_or(Error::NotFound)?;
    let all = "columns=all";
    let pairs: Vec<&str> = request.query_string().split('&').filter(|pair| *pair != all).collect();
    let query = KeyQuery::read(&pairs.join("&"));
    if let Some(broken) = query.broken.first() {
        let text = format!("A filter cannot be read, so nothing was exported: {}", broken.problem);
        return Err(Error::from(FieldError::new("filter", text)).into());
    }
    let shows_all = request.query_string().split('&').any(|pair| pair == all);
    let columns: Vec<Column> =
        if shows_all { Column::all().filter(|column| column.shows()).collect() } else { query.columns.clone() };
    let export = app.begin_export(user.actor.administrator()?, &query.list(), format.as_str(), format.most()).await?;
    let name = format!("api-keys-{}.{}", export.now.day(), format.as_str());

    let (sender, receiver) = channel::<Result<Bytes, ExportError>>(2);
    actix_web::rt::spawn(send(app, export, format, columns, sender));
    let body = futures_util::stream::unfold(receiver, async |mut receiver| {
        let next = receiver.recv().await;
        next.map(|chunk| (chunk, receiver))
    });
    Ok(HttpResponse::Ok()
        .content_type(format.content_type())
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .streaming(Box::pin(body)))
}

/// Why an export broke off in the middle: the connection is cut, so that nobody takes half of it for all.
#[derive(Debug, thiserror::Error)]
#[error("the export broke off: {0}")]
pub struct ExportError(String);

impl ExportError {
    /// With this reason, for the log.
    pub fn new(reason: &str) -> Self {
        Self(reason.to_owned())
    }
}

impl actix_web::ResponseError for ExportError {}

async fn send(
    app: web::Data<App>,
    mut export: Export,
    format: ExportFormat,
    columns: Vec<Column>,
    sender: Sender<Result<Bytes, ExportError>>,
) {
    let sent = match format {
        ExportFormat::Xlsx => send_workbook(&app, &mut export, &columns, &sender).await,
        _ => send_lines(&app, &mut export, format, &columns, &sender).await,
    };
    if let Err(error) = sent {
        tracing::warn!(%error, "An export broke off.");
        drop(sender.send(Err(error)).await);
    }
}

type Rows = Vec<ListedKey>;

async fn next(app: &App, export: &mut Export) -> Result<Rows, ExportError> {
    app.next_of_export(export).await.map_err(|error| ExportError(error.to_string()))
}

async fn hand_over(sender: &Sender<Result<Bytes, ExportError>>, bytes: Vec<u8>) -> Result<(), ExportError> {
    // Somebody who stops reading gives the seat free after a while.
    match tokio::time::timeout(PATIENCE, sender.send(Ok(bytes.into()))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(ExportError("nobody takes it any more".into())),
    }
}

async fn send_lines(
    app: &App,
    export: &mut Export,
    format: ExportFormat,
    columns: &[Column],
    sender: &Sender<Result<Bytes, ExportError>>,
) -> Result<(), ExportError> {
    if format != ExportFormat::Jsonl {
        let head: Vec<&str> = columns.iter().flat_map(|column| heads(*column)).collect();
        hand_over(sender, records(format, std::iter::once(head))?).await?;
    }
    loop {
        let rows = next(app, export).await?;
        if rows.is_empty() {
            return Ok(());
        }
        let now = export.now;
        let bytes = if format == ExportFormat::Jsonl {
            let lines = rows.iter().map(|row| format!("{}\n", object(columns, row, now)));
            lines.collect::<String>().into_bytes()
        } else {
            records(
                format,
                rows.iter().map(|listed| row(columns, listed, now).map(|cell| cell.plain()).collect::<Vec<_>>()),
            )?
        };
        hand_over(sender, bytes).await?;
    }
}

fn row<'a>(columns: &'a [Column], listed: &'a ListedKey, now: Timestamp) -> impl Iterator<Item = Cell> + 'a {
    columns.iter().flat_map(move |column| cells(*column, listed, now))
}

/// Writes records. With commas every cell stands in quotes: a spreadsheet that separates at other characters finds none outside of
/// them. With tabs there is no other character to separate at.
pub fn writer(delimiter: u8) -> csv::Writer<Vec<u8>> {
    let quotes = if delimiter == b',' { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary };
    csv::WriterBuilder::new()
        .delimiter(delimiter)
        .quote_style(quotes)
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new())
}

fn records<R: IntoIterator<Item = C>, C: AsRef<[u8]>>(
    format: ExportFormat,
    rows: impl Iterator<Item = R>,
) -> Result<Vec<u8>, ExportError> {
    let failed = |error: String| ExportError(error);
    let delimiter = if format == ExportFormat::Tsv { b'\t' } else { b',' };
    let mut writer = writer(delimiter);
    for row in rows {
        writer.write_record(row).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

/// A workbook is a zip archive whose index stands at its end: it grows in a file, and is sent from there.
async fn send_workbook(
    app: &App,
    export: &mut Export,
    columns: &[Column],
    sender: &Sender<Result<Bytes, ExportError>>,
) -> Result<(), ExportError> {
    let failed = |error: XlsxError| ExportError(error.to_string());
    let mut workbook = Workbook::new();
    let sheet = workbook.add_worksheet_with_constant_memory().map_err(failed)?;
    sheet.set_name("API keys").map_err(failed)?;
    for (at, head) in (0_u16..).zip(columns.iter().flat_map(|column| heads(*column))) {
        sheet.write_with_format(0, at, head, &Format::new().set_bold()).map_err(failed)?;
    }
    let mut line = 0;
    loop {
        let rows = next(app, export).await?;
        if rows.is_empty() {
            break;
        }
        let sheet = workbook.worksheet_from_index(0).map_err(failed)?;
        for listed in &rows {
            line += 1;
            write_row(sheet, line, row(columns, listed, export.now)).map_err(failed)?;
        }
    }
    let saved = tokio::task::spawn_blocking(move || -> Result<std::fs::File, String> {
        let mut file = tempfile::tempfile().map_err(|error| error.to_string())?;
        workbook.save_to_writer(&mut file).map_err(|error| error.to_string())?;
        file.seek(SeekFrom::Start(0)).map_err(|error| error.to_string())?;
        Ok(file)
    });
    let mut file = saved.await.map_err(|error| ExportError(error.to_string()))?.map_err(ExportError)?;
    loop {
        let mut chunk = vec![0; CHUNK];
        let read = file.read(&mut chunk).map_err(|error| ExportError(error.to_string()))?;
        if read == 0 {
            return Ok(());
        }
        chunk.truncate(read);
        hand_over(sender, chunk).await?;
    }
}

/// Texts are written as texts, so that no formula is ever made; moments as RFC 3339.
fn write_row(sheet: &mut Worksheet, line: u32, cells: impl Iterator<Item = Cell>) -> Result<(), XlsxError> {
    for (at, cell) in (0_u16..).zip(cells) {
        match cell {
            Cell::Number(number) => match i32::try_from(number) {
                Ok(number) => sheet.write_number(line, at, number)?,
                Err(_) => sheet.write_string(line, at, number.to_string())?,
            },
            Cell::Empty => continue,
            Cell::Text(text) => sheet.write_string(line, at, text)?,
            Cell::Time(time) => sheet.write_string(line, at, time.rfc3339())?,
        };
    }
    Ok(())
}

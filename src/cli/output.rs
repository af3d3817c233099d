//! Standard output and standard error. A reader that goes away (`| head -1`) is no error.

use std::io::{ErrorKind, Write};

/// A line on standard output.
pub fn line(text: &str) -> Result<(), String> {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(format!("standard output: {error}")),
        _ => Ok(()),
    }
}

/// Lines on standard error. There is nowhere left to say that this failed.
pub fn error(text: &str) {
    drop(writeln!(std::io::stderr().lock(), "{text}"));
}

/// A table: columns as wide as their widest cell.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Result<(), String> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(head.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let padded = |cells: &[String]| {
        let cells: Vec<String> =
            cells.iter().enumerate().map(|(i, cell)| format!("{cell:<width$}", width = width(i))).collect();
        cells.join("  ").trim_end().to_owned()
    };
    line(&padded(&head.iter().map(ToString::to_string).collect::<Vec<_>>()))?;
    rows.iter().try_for_each(|row| line(&padded(row)))
}

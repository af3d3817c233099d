//! Export of the list, in the shown columns or all: CSV, TSV, XLSX, JSON Lines.

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    pub const ALL: [Self; 4] = [Self::Csv, Self::Tsv, Self::Xlsx, Self::Jsonl];

    /// The ending of the file and of the path.
    pub fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Tsv => "tsv",
            Self::Xlsx => "xlsx",
            Self::Jsonl => "jsonl",
        }
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

    /// The path of the export of a list.
    pub fn path(self, query: &str, all_columns: bool) -> String {
        let columns = if all_columns { "&columns=all" } else { "" };
        format!("/admin/api-keys/export.{}?{query}{columns}", self.ending())
    }
}

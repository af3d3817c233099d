//! The words of which a demo is made.

/// First names of people, some of them long or with letters outside ASCII.
#[rustfmt::skip]
pub const FIRST_NAMES: [&str; 48] = [
    "Priya", "Tomás", "Lena", "Marcus", "Sofia", "Daniel", "Yara", "Chen", "Aisha", "Jonas", "Mei", "Rafael",
    "Ingrid", "Kwame", "Elena", "Björn", "Fatima", "Lucas", "Noor", "Pedro", "Hanna", "Viktor", "Zoë", "Samuel",
    "Amara", "Diego", "Freya", "Ivan", "Keiko", "Liam", "Maya", "Nikolai", "Olivia", "Paolo", "Quentin", "Rosa",
    "Stefan", "Tariq", "Ulla", "Wei", "Ximena", "Yusuf", "Anneliese", "Bartholomew", "Carmen", "Dmitri",
    "Esther", "Giulia",
];

/// Their family names.
#[rustfmt::skip]
pub const LAST_NAMES: [&str; 48] = [
    "Raman", "Herrera", "Fischer", "Bell", "Marino", "Cho", "Haddad", "Wei", "Okonkwo", "Lindqvist", "Tanaka",
    "Moreau", "Novák", "Mensah", "Petrova", "Ångström", "Al-Sayed", "Silva", "Rahman", "Costa", "Müller",
    "Ivanov", "Dubois", "Adeyemi", "Kowalska", "García", "Nilsen", "Sokolov", "Yamamoto", "O'Brien", "Kapoor",
    "Popescu", "Smith", "Rossi", "Laurent", "Jiménez", "Weber", "Hussain", "Eriksson", "Zhang", "Vargas",
    "Demir", "Featherstonehaugh-Cholmondeley", "Park", "Nguyen", "Brown", "Schulz", "Jansen",
];

/// Names of service accounts.
#[rustfmt::skip]
pub const SERVICES: [&str; 16] = [
    "plate-reader", "lims-sync", "backup-verify", "sequencer", "nightly-import", "gel-scanner", "freezer-watch",
    "report-mailer", "ci-runner", "mass-spec", "archive", "dashboard", "sample-tracker", "microscope", "etl",
    "compliance-export",
];

/// What keys are for.
#[rustfmt::skip]
pub const TASKS: [&str; 24] = [
    "Nightly import", "Jupyter", "RStudio", "Plate-reader upload", "CI", "Snakemake", "KNIME workflow",
    "Power BI", "Perl script", "Sequencing run upload", "Monthly restore test", "Notebook", "Assay dashboard",
    "Freezer alarms", "Sample tracking", "Nextflow", "Airflow", "Contractor access", "Gel images", "Grafana",
    "Sync to archive", "Quality report", "SAS macro", "Instrument bridge",
];

/// Where they are used.
#[rustfmt::skip]
pub const HOSTS: [&str; 16] = [
    "lab-ws-14", "hpc-login2", "hpc-login3", "lab-ws-07", "runner-3", "runner-9", "reader-02", "gel-scanner",
    "bioinf-01", "etl-prod", "etl-test", "laptop", "vm-analysis", "cluster", "build-7", "imaging-pc",
];

/// Notes on keys, one of them long.
#[rustfmt::skip]
pub const NOTES: [&str; 12] = [
    "Runs at 02:00 from cron",
    "Owned by the assay group, ask before ending it",
    "Ticket 4471",
    "Temporary, until the move to the new cluster",
    "Reads metadata only",
    "Shared with the night shift",
    "See the runbook, section 3",
    "Used by the weekly quality report that goes to the board",
    "Replaces the key that was in the repository",
    "Do not end before the audit in spring",
    "Pilot",
    "Instrument in room 2.117; the vendor's software keeps it in its settings and cannot read the environment, so it is entered by hand after each rotation",
];

/// What programs call themselves.
#[rustfmt::skip]
pub const AGENTS: [&str; 6] = [
    "curl/8.5.0", "python-requests/2.32", "httr2/1.0 R/4.4", "Go-http-client/2.0", "okhttp/4.12",
    "libwww-perl/6.77",
];

/// Services, their permissions, and what each allows.
#[rustfmt::skip]
pub const PERMISSIONS: [(&str, &str, &str); 13] = [
    ("labels", "label.read", "See labels"),
    ("labels", "label.write", "Add, change and remove labels"),
    ("labels", "label.review", "Accept or reject other people’s labels"),
    ("plates", "plate.read", "See plates and their wells"),
    ("plates", "plate.upload", "Upload instrument readings"),
    ("reports", "report.read", "Download reports"),
    ("reports", "report.run", "Run a report, and wait for it"),
    ("tiled", "create", "Add a node"),
    ("tiled", "delete", "Remove a node"),
    ("tiled", "read:data", "Download data"),
    ("tiled", "read:metadata", "See what there is, without its data"),
    ("tiled", "write:data", "Upload data"),
    ("tiled", "write:metadata", "Describe data"),
];

/// Policies: name, what it is for, permissions.
#[rustfmt::skip]
pub const POLICIES: [(&str, &str, &[&str]); 6] = [
    ("Analyst", "Reads everything, writes what it found", &["read:metadata", "read:data", "write:metadata", "report.read", "report.run", "plate.read"]),
    ("Data steward", "Looks after the catalogue", &["read:metadata", "read:data", "write:metadata", "write:data", "create", "delete"]),
    ("Instrument upload", "For the machines in the laboratories", &["plate.read", "plate.upload", "write:data", "create"]),
    ("Label read and write", "", &["label.read", "label.write"]),
    ("Read only", "For dashboards, and for people who only look", &["read:metadata", "read:data", "plate.read", "report.read", "label.read"]),
    ("Reviewer", "Decides about labels", &["label.read", "label.write", "label.review"]),
];

/// Resources: kind, identifier, title.
#[rustfmt::skip]
pub const RESOURCES: [(&str, &str, &str); 8] = [
    ("dataset", "cryo-em-2026", "Cryo-EM 2026"), ("dataset", "pathology-wsi", "Pathology slides, whole"),
    ("dataset", "training-set", "Training set"), ("dataset", "wastewater", "Wastewater series"),
    ("project", "assay-plates", "Assay plates"), ("project", "freezer-move", "Move of the freezers"),
    ("project", "imaging", "Imaging core"), ("project", "sequencing", "Sequencing, with a title long enough to be cut where there is little room"),
];

/// What the administrators of a resource may give keys for it.
pub const OF_KINDS: [(&str, &str); 4] =
    [("dataset", "read:metadata"), ("dataset", "read:data"), ("project", "label.read"), ("project", "label.write")];

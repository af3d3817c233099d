//! Rebuilds when a migration folder, a template or a static file is added: the embedding macros do not see new files.
fn main() {
    for folder in ["migrations", "templates", "static"] {
        println!("cargo:rerun-if-changed={folder}");
    }
}

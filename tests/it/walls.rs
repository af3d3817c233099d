//! Which file of the source uses which: arrows between the layers run one way, and no two files need each other. Read from the
//! syntax tree, so that `super::super::store` is seen as well as `crate::{store, …}`. Code of `#[cfg(test)]` is left out.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use syn::visit::{self, Visit};

/// The modules of the crate: name without `crate`, such as `actions::keys::generate`, and the modules that it uses.
type Modules = BTreeMap<String, BTreeSet<String>>;

/// All paths in a file, as they are written.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let is_test = |attribute: &syn::Attribute| {
            attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
        };
        if !module.attrs.iter().any(is_test) {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.leaves(&item.tree, &[]);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 {
            self.0.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        }
        visit::visit_path(self, path);
    }
}

impl Paths {
    fn leaves(&mut self, tree: &syn::UseTree, before: &[String]) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.leaves(&path.tree, &with(&path.ident)),
            syn::UseTree::Name(name) => self.0.push(with(&name.ident)),
            syn::UseTree::Rename(rename) => self.0.push(with(&rename.ident)),
            syn::UseTree::Glob(_) => self.0.push(before.to_vec()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.leaves(tree, before)),
        }
    }
}

/// The absolute form of a path in a module; `None` for what is no module of this crate at its beginning.
fn absolute(path: &[String], module: &[String], known: &BTreeSet<String>) -> Option<Vec<String>> {
    match path.first()?.as_str() {
        "crate" => Some(path[1..].to_vec()),
        "self" => Some([module, &path[1..]].concat()),
        "super" => {
            let ups = path.iter().take_while(|part| *part == "super").count();
            let above = module.len().checked_sub(ups)?;
            Some([&module[..above], &path[ups..]].concat())
        }
        first => {
            let child = [module, &[first.to_owned()]].concat();
            known.contains(&child.join("::")).then(|| [module, path].concat())
        }
    }
}

/// Reads a source tree.
fn modules(root: &Path) -> Modules {
    let (mut files, mut folders) = (BTreeMap::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name =
                    path.strip_prefix(root).expect("below").with_extension("").to_string_lossy().replace('/', "::");
                let name = name.strip_suffix("::mod").unwrap_or(&name).to_owned();
                files.insert(name, fs::read_to_string(&path).expect("text"));
            }
        }
    }
    let known: BTreeSet<String> = files.keys().cloned().collect();
    let uses = |(name, text): (&String, &String)| {
        let mut paths = Paths::default();
        paths.visit_file(&syn::parse_file(text).unwrap_or_else(|error| panic!("{name}: {error}")));
        let module: Vec<String> = name.split("::").map(str::to_owned).collect();
        let longest = |path: Vec<String>| {
            let prefixes = (1..=path.len()).rev().map(|length| path[..length].join("::"));
            prefixes.into_iter().find(|prefix| known.contains(prefix))
        };
        let used = paths.0.iter().filter_map(|path| absolute(path, &module, &known)).filter_map(longest);
        (name.clone(), used.filter(|used| used != name).collect())
    };
    files.iter().map(uses).collect()
}

fn ours() -> Modules {
    let modules = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert!(modules.len() > 200, "{} files", modules.len());
    modules
}

fn is_in(module: &str, folder: &str) -> bool {
    module == folder || module.strip_prefix(folder).is_some_and(|rest| rest.starts_with("::"))
}

/// Uses that no arrow allows, each as "who → what".
fn forbidden(modules: &Modules) -> Vec<String> {
    let walls: [(&str, &[&str]); 9] = [
        ("domain", &["store", "actions", "web", "cli", "config", "telemetry", "background", "wire"]),
        ("store", &["actions", "web", "cli", "config", "background", "wire"]),
        ("actions", &["web", "cli", "background", "wire"]),
        ("web", &["store", "cli", "background"]),
        ("cli", &["store"]),
        ("wire", &["store", "actions", "web", "cli", "config", "telemetry", "background"]),
        ("web::api", &["web::pages", "web::layout", "web::flash", "web::gateway"]),
        ("web::gateway", &["web::pages", "web::layout", "web::flash", "web::api"]),
        ("web::pages", &["web::api", "web::gateway"]),
    ];
    let mut found = Vec::new();
    for (name, uses) in modules {
        for (_, walled) in walls.iter().filter(|(folder, _)| is_in(name, folder)) {
            let through = uses.iter().filter(|used| walled.iter().any(|folder| is_in(used, folder)));
            found.extend(through.map(|used| format!("{name} → {used}")));
        }
    }
    found
}

/// Files that need each other, directly or by way of others. Folders are left out: their `mod.rs` names what is in them.
fn circles(modules: &Modules) -> Vec<String> {
    let folders: BTreeSet<&str> =
        modules.keys().filter_map(|name| name.rsplit_once("::")).map(|(folder, _)| folder).collect();
    let reaches = |from: &str| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
        while let Some(name) = open.pop() {
            for used in modules.get(name).into_iter().flatten().filter(|used| !folders.contains(used.as_str())) {
                if seen.insert(used.as_str()) {
                    open.push(used);
                }
            }
        }
        seen
    };
    modules
        .keys()
        .filter(|name| !folders.contains(name.as_str()) && reaches(name).contains(name.as_str()))
        .cloned()
        .collect()
}

/// Statements that change rows, run on what only reads: `diesel::update(…).execute(tx.db())` instead of `.write(tx)`.
#[derive(Default)]
struct UnseenWrites(Vec<String>);

impl<'ast> Visit<'ast> for UnseenWrites {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let text = |tokens: &dyn quote::ToTokens| tokens.to_token_stream().to_string();
        let (statement, method) = (text(&call.receiver), call.method.to_string());
        let changes =
            ["insert_into", "diesel :: update", "diesel :: delete"].iter().any(|word| statement.contains(word));
        let on_what_reads = call.args.iter().any(|argument| text(argument).contains("db ()"));
        let runs = ["execute", "get_result", "get_results", "load", "first"].contains(&method.as_str());
        if runs && on_what_reads && (changes || method == "execute") {
            self.0.push(statement);
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn unseen_writes(text: &str) -> Vec<String> {
    let mut found = UnseenWrites::default();
    found.visit_file(&syn::parse_file(text).expect("Rust"));
    found.0
}

/// What a file hands on of the store, and results of the database that it swallows.
#[derive(Default)]
struct Leaks(Vec<String>);

impl<'ast> Visit<'ast> for Leaks {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !matches!(item.vis, syn::Visibility::Inherited) {
            let mut paths = Paths::default();
            paths.leaves(&item.tree, &[]);
            let of_store = paths.0.iter().filter(|path| path.iter().any(|part| part == "store"));
            self.0.extend(of_store.map(|path| format!("pub use {}", path.join("::"))));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let receiver = quote::ToTokens::to_token_stream(&call.receiver).to_string();
        if call.method == "ok" && (receiver.contains("(tx") || receiver.contains("tx . db ()")) {
            self.0.push(format!("{receiver} . ok ()"));
        }
        visit::visit_expr_method_call(self, call);
    }
}

fn leaks(text: &str) -> Vec<String> {
    let mut found = Leaks::default();
    found.visit_file(&syn::parse_file(text).expect("Rust"));
    found.0
}

/// Each file below a folder of the source, with its text.
fn texts(folder: &str) -> Vec<(String, String)> {
    let (mut found, mut folders) = (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), fs::read_to_string(&path).expect("text")));
            }
        }
    }
    found
}

#[test]
fn actions_hand_on_no_types_of_the_store_and_no_result_of_the_database_is_swallowed() {
    for (name, text) in ["src/actions", "src/web", "src/cli"].into_iter().flat_map(texts) {
        assert_eq!(leaks(&text), [""; 0], "{name}");
    }
    for (name, text) in texts("src/store") {
        let swallowed: Vec<String> = leaks(&text).into_iter().filter(|leak| leak.ends_with(". ok ()")).collect();
        assert_eq!(swallowed, [""; 0], "{name}");
    }
    let bad =
        "pub use crate::{store::keys::Kept, domain::Known}; fn read(tx: &mut ReadTx) { keys::find(tx, id).ok(); }";
    assert_eq!(leaks(bad).len(), 2, "both are seen");
    assert_eq!(leaks("use crate::store::keys::Kept; fn read(text: &str) { text.parse().ok(); }"), [""; 0]);
}

#[test]
fn rule_6_each_statement_that_changes_rows_goes_through_the_transaction() {
    for (name, text) in texts("src/store") {
        assert_eq!(unseen_writes(&text), [""; 0], "{name}");
    }
    let bad = "fn act(tx: &mut WriteTx) { diesel::delete(keys::table).execute(tx.db())?; insert_into(a).get_result(tx.db()) }";
    assert_eq!(unseen_writes(bad).len(), 2, "both are seen");
    assert_eq!(unseen_writes("fn act(tx: &mut WriteTx) { diesel::delete(keys::table).write(tx)? }"), [""; 0]);
}

#[test]
fn arrows_run_one_way() {
    assert_eq!(forbidden(&ours()), [""; 0]);
}

#[test]
fn no_two_files_need_each_other() {
    assert_eq!(circles(&ours()), [""; 0]);
}

#[test]
fn each_wall_is_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("store/mod.rs", "pub mod keys;");
    write("store/keys.rs", "use crate::actions::keys::generate;");
    write("actions/mod.rs", "pub mod keys;");
    write("actions/keys/mod.rs", "pub mod generate; pub mod find;");
    write("actions/keys/generate.rs", "fn act() { super::find::look(); }");
    write(
        "actions/keys/find.rs",
        "use super::generate::{self, act as _};\n#[cfg(test)]\nmod tests { use crate::web; }",
    );
    write("domain/mod.rs", "use crate::{store::{keys as kept}};");
    write("web/mod.rs", "pub mod api; pub mod pages; fn read() { crate::store::keys::find() }");
    write("web/api/mod.rs", "use crate::web::pages::*;");
    write("web/pages/mod.rs", "use super::super::store;");
    let found = modules(folder.path());
    assert_eq!(
        forbidden(&found),
        [
            "domain → store::keys",
            "store::keys → actions::keys::generate",
            "web → store::keys",
            "web::api → web::pages",
            "web::pages → store",
        ]
    );
    assert_eq!(circles(&found), ["actions::keys::find", "actions::keys::generate"]);
}

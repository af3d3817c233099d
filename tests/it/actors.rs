//! Actions × actors: which proof each action asks for, and who has which proof. That a proof is looked at again when the change
//! is made, `held_bodies` shows for every kind of act.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use claviger::actions::{Actor, Error};
use claviger::domain::accounts::account::{Account, Username};
use claviger::domain::keys::secret::{FirstEight, Secret};
use claviger::domain::rights::Required;
use claviger::domain::rights::permission::{OwnPermission, PermissionName, ServiceName};
use claviger::domain::rights::resource::ResourceName;

use crate::support::people::PASSWORD;
use crate::support::{TestApp, on_both, operator};

/// Every public action, by the proof that stands in its signature.
const ACTIONS: [(&str, &[&str]); 7] = [
    (
        "Administrator",
        &[
            "accounts::people::browse_people",
            "accounts::people::find_person",
            "accounts::people::list_users",
            "accounts::people::for_new_key_of",
            "accounts::service_accounts::browse_service_accounts",
            "accounts::service_accounts::find_service_account",
            "accounts::service_accounts::for_new_server_key",
            "accounts::status::end_session_of",
            "audit::read::read_audit",
            "audit::read::begin_audit_export",
            "bulk::draft::draft_job",
            "bulk::jobs::find_job",
            "bulk::jobs::list_jobs",
            "bulk::jobs::stop_job",
            "keys::browse::browse_keys",
            "keys::browse::filter_suggestions",
            "keys::export::begin_export",
            "keys::find::any_key",
            "keys::lifetime_rules::lifetime_rules",
            "keys::lifetime_rules::rule_for",
            "keys::lifetime_rules::rules_impact",
            "keys::saved_views::saved_views",
            "keys::saved_views::save_view",
            "keys::saved_views::delete_view",
            "rights::permissions::list_permissions",
            "rights::policies::list_policies",
            "rights::policies::find_policy",
            "rights::policies::find_policy_with",
            "rights::policy_keys::recently_used_with_policy",
            "rights::policy_holders::policies_of",
            "rights::policies::catalogue",
            "rights::resources::browse_resources",
            "rights::resources::find_resource",
            "rights::resources::find_resource_kind",
            "site::overview::overview",
            "site::overview::refusals",
            "site::settings::policies_of_new_people",
            "verification::diagnose::diagnose",
        ],
    ),
    (
        "Reauthenticated",
        &[
            "accounts::add::create_user",
            "accounts::add::invite",
            "accounts::delete::delete_user",
            "accounts::links::make_link",
            "accounts::people::edit_person",
            "accounts::service_accounts::create_service_account",
            "accounts::service_accounts::edit_service_account",
            "accounts::service_accounts::set_service_active",
            "accounts::service_accounts::new_server_key",
            "accounts::service_accounts::generate_server_key",
            "accounts::status::set_user_password",
            "accounts::status::deactivate_user",
            "accounts::status::activate_user",
            "accounts::status::set_role",
            "bulk::draft::confirm_job",
            "bulk::undo::undo_job",
            "bulk::transfer::transfer_server_keys",
            "keys::edit::edit_any_key",
            "keys::lifetime_rules::plan_rules",
            "keys::lifetime_rules::apply_rules",
            "rights::permissions::add_permission",
            "rights::permissions::add_service",
            "rights::permissions::retire_permission",
            "rights::permissions::restore_permission",
            "rights::permissions::restore_permissions",
            "rights::release::move_permissions",
            "rights::release::release_permission",
            "rights::policies::create_policy",
            "rights::policies::change_policy",
            "rights::policy_keys::delete_policy",
            "rights::policy_keys::move_keys",
            "rights::policy_holders::set_policies",
            "rights::resources::register_resource",
            "rights::resources::rename_resource",
            "rights::resources::delete_resource",
            "rights::resources::add_resource_administrator",
            "rights::resources::remove_resource_administrator",
            "rights::resources::set_resource_kind",
            "site::settings::change_settings",
            "site::settings::set_policies_of_new_people",
        ],
    ),
    (
        "Owner",
        &[
            "accounts::own::set_display_name",
            "accounts::own::set_appearance",
            "accounts::own::change_own_password",
            "keys::edit::edit_key",
            "keys::own_keys::own_keys",
            "keys::find::own_key",
            "keys::find::changeable_key",
            "keys::own_keys::last_use",
            "keys::generate::with_all_field_errors",
            "keys::generate::generate_key",
            "keys::pause::disable_key",
            "keys::pause::enable_key",
            "keys::revoke::revoke_key",
            "keys::revoke::revoke_with_key",
            "keys::rotate::rotate_key",
            "keys::session_keys::generate_session_key",
            "keys::session_keys::end_session_key",
            "keys::session_keys::session_keys",
            "keys::set_access::set_key_access",
            "rights::own_resources::own_resources",
            "sign_in::password::check_password",
            "sign_in::password::confirm_password",
            "sign_in::password::sign_out",
            "sign_in::sessions::own_sessions",
            "sign_in::sessions::end_listed_session",
            "sign_in::sessions::end_other_sessions",
        ],
    ),
    (
        "ResourceAdministrator",
        &[
            "keys::get_or_create::get_or_create_key",
            "rights::own_resources::administered_resource",
            "rights::own_resources::find_key_of_resource",
            "rights::own_resources::revoke_key_of_resource",
        ],
    ),
    ("ServiceRegistrar", &["rights::permissions::register_permissions"]),
    ("Whose", &["verification::simulate::askable", "verification::simulate::simulate"]),
    (
        "open",
        &[
            "accounts::links::check_link",
            "accounts::links::use_link",
            "audit::read::explain_audit",
            "audit::read::next_of_audit",
            "audit::verify::verify_audit",
            "bulk::run::run_jobs",
            "bulk::run::release_jobs",
            "bulk::run::job_waiting",
            "bulk::run::run_one_batch",
            "keys::browse::explain_list",
            "keys::export::next_of_export",
            "sign_in::hashing::run",
            "sign_in::hashing::run_for",
            "sign_in::password::sign_in",
            "sign_in::sessions::load_session",
            "sign_in::sessions::note_activity",
            "sign_in::sessions::update_session",
            "sign_in::sessions::end_session",
            "sign_in::set_up::offer_set_up",
            "sign_in::set_up::check_set_up",
            "sign_in::set_up::set_up",
            "sign_in::signed_in::person_of_session",
            "site::demo::fill_demo",
            "site::health::problems",
            "site::health::checkpoint",
            "site::health::keep_up",
            "site::health::look_at_clock",
            "site::health::keep_clock_mark",
            "site::health::accept_clock",
            "site::health::check_structure",
            "site::metrics::metrics",
            "site::purge::explain_purge",
            "site::settings::settings",
            "site::start::cookie_key",
            "site::sweep::flush_uses",
            "site::sweep::sweep_when_settled",
            "site::sweep::sweep",
            "verification::feed::follow_changes",
            "verification::verify::verify",
            "verification::verify::verify_key",
        ],
    ),
];

/// What an action asks for: the proof in its signature; `open` for those that a link, a password or a secret opens, and for what
/// the process does by itself.
fn proof_of(function: &syn::ImplItemFn) -> &'static str {
    let proofs = ["Administrator", "Reauthenticated", "Owner", "ResourceAdministrator", "ServiceRegistrar", "Whose"];
    let asks = |argument: &syn::FnArg| match argument {
        syn::FnArg::Typed(typed) => match &*typed.ty {
            syn::Type::Path(path) => {
                proofs.into_iter().find(|proof| path.path.segments.last().is_some_and(|last| last.ident == proof))
            }
            _ => None,
        },
        syn::FnArg::Receiver(_) => None,
    };
    function.sig.inputs.iter().find_map(asks).unwrap_or("open")
}

fn public_actions() -> BTreeMap<String, &'static str> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/actions");
    let (mut found, mut folders) = (BTreeMap::new(), vec![root.clone()]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let module =
                path.strip_prefix(&root).expect("below").with_extension("").to_string_lossy().replace('/', "::");
            let file = syn::parse_file(&fs::read_to_string(&path).expect("text")).expect("Rust");
            for item in file.items {
                let syn::Item::Impl(block) = item else { continue };
                for item in block.items {
                    let syn::ImplItem::Fn(function) = item else { continue };
                    if matches!(function.vis, syn::Visibility::Public(_)) && function.sig.asyncness.is_some() {
                        found.insert(format!("{module}::{}", function.sig.ident), proof_of(&function));
                    }
                }
            }
        }
    }
    found
}

#[test]
fn each_action_asks_for_the_proof_that_its_row_names() {
    let rows: BTreeMap<String, &str> =
        ACTIONS.iter().flat_map(|(proof, names)| names.iter().map(move |name| ((*name).to_owned(), *proof))).collect();
    let found = public_actions();
    let missing: Vec<&String> = found.keys().filter(|name| !rows.contains_key(*name)).collect();
    let gone: Vec<&String> = rows.keys().filter(|name| !found.contains_key(*name)).collect();
    assert!(
        missing.is_empty() && gone.is_empty(),
        "actions without a row: {missing:?}; rows without an action: {gone:?}"
    );
    assert_eq!(found, rows);
}

/// Which proofs somebody has, in the order administrator, reauthenticated, owner, administering, registrar.
fn proofs(actor: &Actor) -> [bool; 5] {
    let (resource, service) = (ResourceName::parse("project:one").expect("a name"), lab());
    [
        actor.administrator().is_ok(),
        actor.reauthenticated().is_ok(),
        actor.owner().is_ok(),
        actor.administering(&resource).is_ok(),
        actor.registrar(&service).is_ok(),
    ]
}

fn lab() -> ServiceName {
    ServiceName::parse("lab").expect("a name")
}

fn account(app: &TestApp, name: &str) -> Account {
    let name = Username::parse(name).expect("a user name");
    app.run(app.app.find_person(operator().administrator(), &name)).expect("there").account
}

/// Somebody with a key that was asked for these.
fn program(app: &TestApp, owner: &Account, all: &[OwnPermission], any: &[PermissionName]) -> Actor {
    let (mut rng, prefix) = (app.app.rng(), &app.app.config.prefixes[0]);
    let first_eight = FirstEight::generate(&mut *rng);
    let secret = Secret::generate(prefix, &first_eight, &mut *rng);
    let all = all.iter().copied().map(PermissionName::of_own).collect();
    let demand = Required { all, any: any.to_vec(), ..Required::default() };
    Actor::with_key(owner, secret.hash(), demand, None, None)
}

fn who_has_which_proof(app: TestApp) {
    app.admin("boss");
    app.person("ana");
    let (boss, ana) = (account(&app, "boss"), account(&app, "ana"));
    let signed_in = |account: &Account, is_proved| Actor::signed_in(account, "a session", is_proved, None, None);
    let registers = [PermissionName::registers(&lab())];
    let of_another = [PermissionName::registers(&ServiceName::parse("other").expect("a name"))];
    let table: [(&str, Actor, [bool; 5]); 11] = [
        ("nobody", Actor::anonymous(None, None), [false; 5]),
        ("the operator", Actor::cli(), [true, true, false, false, true]),
        ("the operator, for ana", Actor::cli().on_behalf_of(ana.id, "ana".into()), [true; 5]),
        ("ana", signed_in(&ana, false), [false, false, true, true, false]),
        ("ana, with her password", signed_in(&ana, true), [false, false, true, true, false]),
        ("the administrator", signed_in(&boss, false), [true, false, true, true, false]),
        ("the administrator, with the password", signed_in(&boss, true), [true, true, true, true, false]),
        ("a key", program(&app, &boss, &[], &[]), [false, false, true, true, false]),
        ("a key for reading", program(&app, &boss, &[OwnPermission::ReadKeys], &[]), [false, false, true, true, false]),
        (
            "a key for administrators",
            program(&app, &boss, &[OwnPermission::Admin], &[]),
            [true, true, true, true, false],
        ),
        ("a key of the service", program(&app, &ana, &[], &registers), [false, false, true, true, true]),
    ];
    for (who, actor, expected) in table {
        assert_eq!(proofs(&actor), expected, "{who}");
    }
    assert!(program(&app, &ana, &[], &of_another).registrar(&lab()).is_err(), "a key of another service");
}
on_both!(who_has_which_proof);

fn an_administrator_acts_for_an_owner_and_a_person_for_themselves_alone(app: TestApp) {
    app.admin("boss");
    app.person("ana");
    let (boss, ana) = (account(&app, "boss"), account(&app, "ana"));
    let actor = Actor::signed_in(&boss, "a session", true, None, None);
    assert_eq!(actor.reauthenticated().expect("proved").for_owner(ana.id).account(), ana.id);
    assert_eq!(actor.owner().expect("an account").account(), boss.id);
}
on_both!(an_administrator_acts_for_an_owner_and_a_person_for_themselves_alone);

fn a_wrong_password_stands_in_the_log_also_when_the_session_has_ended(app: TestApp) {
    app.person("ana");
    let actor = Actor::signed_in(&account(&app, "ana"), "a session that has ended", false, None, None);
    let by = actor.owner().expect("an account");
    let check = |password: &str| app.run(app.app.check_password(by, "present", password.to_owned()));
    assert!(matches!(check("wrong horse battery staple"), Err(Error::Invalid(_))));
    let failures =
        || app.database.count("audit_events WHERE action = 'session.confirm_password' AND outcome = 'failure'");
    assert_eq!(failures(), 1);
    assert!(matches!(check(PASSWORD), Err(Error::Forbidden(_))), "the right one proves nothing for it");
    assert_eq!((failures(), app.database.count("audit_events WHERE action = 'session.confirm_password'")), (1, 1));
}
on_both!(a_wrong_password_stands_in_the_log_also_when_the_session_has_ended);

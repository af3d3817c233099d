//! Who acts in tests that call actions themselves.

use std::sync::LazyLock;

use claviger::actions::{Actor, Reauthenticated};

static OPERATOR: LazyLock<Actor> = LazyLock::new(Actor::cli);

/// The operator at the command line, who may do everything.
pub fn operator() -> Reauthenticated<'static> {
    OPERATOR.reauthenticated().expect("the operator may")
}

//! Permissions to tick, by the service that registered them: for a key's list and for a policy.

use crate::domain::rights::permission::{CLAVIGER, Permission};

/// Boxes in groups.
#[derive(Debug, Clone, Default)]
pub struct PermissionBoxes {
    /// One group for each service, by name.
    pub groups: Vec<Group>,
}

/// The permissions of one service.
#[derive(Debug, Clone)]
pub struct Group {
    /// Its name.
    pub service: String,
    /// By name.
    pub boxes: Vec<PermissionBox>,
}

/// One permission.
#[derive(Debug, Clone)]
pub struct PermissionBox {
    /// What programs call it.
    pub name: String,
    /// What it allows.
    pub description: String,
    /// Is it ticked?
    pub ticked: bool,
    /// It is retired.
    pub retired: bool,
}

impl PermissionBoxes {
    /// Boxes for these permissions, which come by service and name. A retired one, and one that nothing asks for, is shown only
    /// where it is ticked.
    pub fn new(permissions: &[Permission], is_ticked: impl Fn(&str) -> bool) -> Self {
        let mut groups: Vec<Group> = Vec::new();
        for permission in permissions {
            let ticked = is_ticked(permission.name.as_str());
            if (permission.retired.is_some() || permission.name.is_reserved()) && !ticked {
                continue;
            }
            let one = PermissionBox {
                name: permission.name.as_str().to_owned(),
                description: permission.description.clone(),
                ticked,
                retired: permission.retired.is_some(),
            };
            match groups.last_mut().filter(|group| group.service == permission.service.as_str()) {
                Some(group) => group.boxes.push(one),
                None => groups.push(Group { service: permission.service.as_str().to_owned(), boxes: vec![one] }),
            }
        }
        groups.sort_by_key(|group| group.service == CLAVIGER); // what services ask for comes first
        Self { groups }
    }
}

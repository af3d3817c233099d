//! The site's settings: each change is audited with what it was before.

use serde_json::json;

use crate::actions::rights::policy_holders::lock_all;
use crate::actions::{Administrator, App, Error, Reauthenticated};
use crate::domain::audit::Action;
use crate::domain::settings::{Setting, Settings};
use crate::store::rights::policies;
use crate::store::settings;

impl App {
    /// The settings in force.
    pub async fn settings(&self) -> Result<Settings, Error> {
        Ok(self.store.query(settings::load).await?)
    }

    /// Changes settings; those that have the value already are passed over. Says how many were changed.
    pub async fn change_settings(
        &self,
        by: Reauthenticated<'_>,
        changes: Vec<(Setting, String)>,
    ) -> Result<usize, Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        let changes: Vec<(Setting, String)> = changes
            .into_iter()
            .map(|(setting, value)| setting.parse(&value).map(|value| (setting, value)))
            .collect::<Result<_, _>>()?;
        self.act(by.authority(), move |tx| {
            let before = settings::load(tx)?;
            let mut different = 0;
            for (setting, value) in changes {
                let old = before.value(setting);
                if old != value {
                    settings::set(tx, setting.name(), &value, now)?;
                    let details = json!({ "before": old, "after": value });
                    tx.audit(actor.did(now, Action::SettingChange, setting.name(), details));
                    different += 1;
                }
            }
            Ok(different)
        })
        .await
    }

    /// The policies that every new person gets, and all that there are, by name.
    pub async fn policies_of_new_people(&self, _: Administrator<'_>) -> Result<(Vec<String>, Vec<String>), Error> {
        self.store
            .read(|tx| {
                let all = policies::list(tx)?.into_iter().map(|policy| policy.name.as_str().to_owned()).collect();
                Ok((policies::of_new_people(tx)?, all))
            })
            .await
    }

    /// Makes these the policies that every new person gets. Existing people keep what they have.
    pub async fn set_policies_of_new_people(&self, by: Reauthenticated<'_>, wanted: Vec<String>) -> Result<(), Error> {
        let (actor, now) = (by.actor().clone(), self.now());
        self.act(by.authority(), move |tx| {
            let before = policies::of_new_people(tx)?;
            let ids = lock_all(tx, wanted)?;
            policies::set_of_new_people(tx, &ids)?;
            let after = policies::of_new_people(tx)?;
            if before == after {
                tx.without_event("the same policies again");
            } else {
                let details = json!({ "before": before, "after": after });
                tx.audit(actor.did(now, Action::SettingChange, "policies_of_new_people", details));
            }
            Ok(())
        })
        .await
    }
}

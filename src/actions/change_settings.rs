//! The site's settings: each change is audited with what it was before.

use serde_json::json;

use super::{Actor, App, Error};
use crate::domain::audit::Action;
use crate::domain::settings::{Setting, Settings};
use crate::store::{audit, settings};

impl App {
    /// The settings in force.
    pub async fn settings(&self) -> Result<Settings, Error> {
        Ok(self.store.look_up(settings::load).await?)
    }

    /// Changes settings; those that have the value already are passed over. Says how many were changed.
    pub async fn change_settings(&self, actor: &Actor, changes: Vec<(Setting, String)>) -> Result<usize, Error> {
        let (actor, now) = (actor.clone(), self.now());
        let changes: Vec<(Setting, String)> = changes
            .into_iter()
            .map(|(setting, value)| setting.parse(&value).map(|value| (setting, value)))
            .collect::<Result<_, _>>()?;
        self.store
            .write(move |db| {
                let before = settings::load(db)?;
                let mut different = 0;
                for (setting, value) in changes {
                    let old = before.value(setting);
                    if old != value {
                        settings::set(db, setting.name(), &value, now)?;
                        let details = json!({ "before": old, "after": value });
                        audit::insert(db, &actor.did(now, Action::SettingChange, setting.name(), details))?;
                        different += 1;
                    }
                }
                Ok(different)
            })
            .await
    }
}

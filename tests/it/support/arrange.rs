//! What is so before a test acts: written beside the server's back, in one line that can be read aloud.

use super::TestApp;

impl TestApp {
    /// Gives a setting this value.
    pub fn set(&self, setting: &str, value: &str) {
        self.database.execute(&format!("DELETE FROM settings WHERE name = '{setting}'"));
        let row = format!("INSERT INTO settings (name, value, changed_at) VALUES ('{setting}', '{value}', 0)");
        self.database.execute(&row);
    }

    /// Gives settings the values that they have without an administrator.
    pub fn unset(&self, settings: &[&str]) {
        for setting in settings {
            self.database.execute(&format!("DELETE FROM settings WHERE name = '{setting}'"));
        }
    }

    /// Everybody may have so many live keys.
    pub fn limit_keys(&self, most: i32) {
        self.database.execute(&format!("UPDATE lifetime_rules SET keys_per_owner = {most}"));
    }

    /// Deactivates somebody.
    pub fn deactivate(&self, username: &str) {
        self.set_active(username, false);
    }

    /// Activates somebody again.
    pub fn activate(&self, username: &str) {
        self.set_active(username, true);
    }

    fn set_active(&self, username: &str, active: bool) {
        let row = format!("UPDATE accounts SET active = {active} WHERE username = '{username}'");
        assert_eq!(self.database.execute(&row), 1, "{username}");
    }

    /// Deactivates everybody.
    pub fn deactivate_all(&self) {
        self.database.execute("UPDATE accounts SET active = FALSE");
    }

    /// Activates everybody again.
    pub fn activate_all(&self) {
        self.database.execute("UPDATE accounts SET active = TRUE");
    }
}

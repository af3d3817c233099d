//! What is so before a test acts: written beside the server's back, in one line that can be read aloud.

use super::TestApp;

impl TestApp {
    /// Tells the server, as another one does, that anything may have changed: what is written behind its back, it does not know.
    pub fn tell_changes(&self) {
        self.database.execute("UPDATE audit_chain SET last_change = last_change + 1");
        self.run(self.app.follow_changes());
    }

    /// Gives a setting this value.
    pub fn set(&self, setting: &str, value: &str) {
        self.database.execute(&format!("DELETE FROM settings WHERE name = '{setting}'"));
        let row = format!("INSERT INTO settings (name, value, changed_at) VALUES ('{setting}', '{value}', 0)");
        self.database.execute(&row);
        self.tell_changes();
    }

    /// Gives settings the values that they have without an administrator.
    pub fn unset(&self, settings: &[&str]) {
        for setting in settings {
            self.database.execute(&format!("DELETE FROM settings WHERE name = '{setting}'"));
        }
        self.tell_changes();
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
        self.tell_changes();
    }

    /// Deactivates everybody.
    pub fn deactivate_all(&self) {
        self.database.execute("UPDATE accounts SET active = FALSE");
        self.tell_changes();
    }

    /// Activates everybody again.
    pub fn activate_all(&self) {
        self.database.execute("UPDATE accounts SET active = TRUE");
        self.tell_changes();
    }
}

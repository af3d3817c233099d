//! People, and what they do all the time.

use claviger::actions::accounts::add::NewUser;
use claviger::domain::accounts::account::{Role, Username};
use claviger::domain::accounts::password::{Password, Proposal};

use super::{Answer, Client, TestApp, operator};

/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery staple";

impl TestApp {
    /// A person with an account.
    pub fn person(&self, name: &str) {
        self.person_with(name, Role::User);
    }

    /// An administrator with an account.
    pub fn admin(&self, name: &str) {
        self.person_with(name, Role::Admin);
    }

    fn person_with(&self, name: &str, role: Role) {
        let username = Username::parse(name).expect("a user name");
        let user = NewUser {
            password: Password::chosen(Proposal::parse("password", PASSWORD.into()).expect("long"), &username)
                .expect("good"),
            display_name: format!("{}{} Example", name[..1].to_uppercase(), &name[1..]),
            email: Some(format!("{name}@example.org")),
            username,
            role,
        };
        self.run(self.app.create_user(operator(), user)).expect("a new person");
    }

    /// A browser in which this new person is signed in.
    pub fn signed_in(&self, name: &str) -> Client {
        self.person(name);
        let client = self.client();
        let answer = client.sign_in(name, PASSWORD);
        assert_eq!(answer.status, 303, "{}", answer.text());
        client
    }
}

impl Client {
    pub fn sign_in(&self, username: &str, password: &str) -> Answer {
        self.post("/sign-in", &[("username", username), ("password", password)])
    }

    /// Generates a key of this name; the answer shows the secret.
    pub fn generate(&self, name: &str) -> Answer {
        self.generate_with(&[("name", name)])
    }

    pub fn generate_with(&self, fields: &[(&str, &str)]) -> Answer {
        let page = "/external-tool-access/generate";
        self.submit(page, page, fields)
    }

    /// Generates a key and gives its secret.
    pub fn secret(&self, name: &str) -> String {
        self.generate(name).secret()
    }

    /// Does something to a key: `disable`, `enable`, `revoke`.
    pub fn act(&self, secret: &str, operation: &str) -> Answer {
        self.submit("/external-tool-access", &format!("/external-tool-access/keys/{}/{operation}", eight(secret)), &[])
    }

    /// The page of a key.
    pub fn key_page(&self, secret: &str) -> Answer {
        self.get(&key_path(secret))
    }

    /// Is this browser signed in?
    pub fn is_signed_in(&self) -> bool {
        self.get("/account").status == 200
    }
}

/// The first eight of a secret.
pub fn eight(secret: &str) -> &str {
    &secret[4..12]
}

/// The path of a key's page.
pub fn key_path(secret: &str) -> String {
    format!("/external-tool-access/keys/{}", eight(secret))
}

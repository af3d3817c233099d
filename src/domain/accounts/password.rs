//! Passwords: which are good enough (NIST SP 800-63B-4), and their argon2id hashes. The one place that names argon2.

use std::sync::LazyLock;

use argon2::password_hash::{PasswordHasher, phc};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use rand::Rng;
use zeroize::Zeroizing;

use crate::domain::accounts::account::Username;
use crate::domain::field_error::FieldError;

/// The fewest characters, while a password is the only factor.
pub const SHORTEST: usize = 15;
/// The most bytes; nothing is ever cut off.
pub const LONGEST_BYTES: usize = 1024;

/// The rules, shown before anybody types.
pub const RULES: &str = "At least 15 characters. A short sentence works well. Common passwords are refused.";

/// A password as it was typed: not trimmed, not shortened, wiped from memory when dropped.
pub struct Password(Zeroizing<String>);

impl Password {
    /// A password to compare with a stored hash; only absurd lengths are refused.
    pub fn presented(text: String) -> Option<Self> {
        (!text.is_empty() && text.len() <= LONGEST_BYTES).then(|| Self(Zeroizing::new(text)))
    }

    /// A password that somebody chooses for the account `owner`. Costs up to a tenth of a second: not for the threads
    /// that answer requests.
    pub fn chosen(proposal: Proposal, owner: &Username) -> Result<Self, FieldError> {
        if is_guessable(&proposal.text, owner) {
            return Err(FieldError::new(
                proposal.field,
                "This password is easy to guess: it repeats itself, or is made of common words. Choose another",
            ));
        }
        Ok(Self(proposal.text))
    }
}

/// A password that somebody proposes: of the right length, not yet looked at for being easy to guess.
pub struct Proposal {
    field: &'static str,
    text: Zeroizing<String>,
}

impl Proposal {
    /// Checks the length.
    pub fn parse(field: &'static str, text: String) -> Result<Self, FieldError> {
        let text = Zeroizing::new(text);
        if text.chars().count() < SHORTEST {
            return Err(FieldError::new(field, format!("Choose a password of {SHORTEST} characters or more")));
        }
        if text.len() > LONGEST_BYTES {
            return Err(FieldError::new(field, format!("Choose a password of {LONGEST_BYTES} bytes or fewer")));
        }
        Ok(Self { field, text })
    }

    /// Is it this password?
    pub fn is(&self, password: &Password) -> bool {
        self.text == password.0
    }
}

/// Fewer than 10^8 guesses by the estimate of zxcvbn, which knows the 30,000 most common passwords, names, words,
/// keyboard rows, dates and repetitions; or nothing but the product's and the owner's name.
fn is_guessable(text: &str, owner: &Username) -> bool {
    let lower = text.to_lowercase();
    let bare = lower.replace("claviger", "").replace(owner.as_str(), "");
    bare.chars().count() < 5
        || zxcvbn::zxcvbn(&tamed(text), &[owner.as_str(), "claviger"]).score() < zxcvbn::Score::Three
}

/// The text as zxcvbn gets it. Its time grows with the square of the length and with every combination of signs that may
/// stand for letters: so 48 characters are looked at, and of such signs (digits aside) three kinds; a disguised word has fewer.
fn tamed(text: &str) -> Zeroizing<String> {
    const SIGNS: &str = "@({[<!|$+%";
    let mut kinds: Vec<char> = Vec::new();
    let tame = |sign: char| {
        if SIGNS.contains(sign) && !kinds.contains(&sign) {
            if kinds.len() == 3 {
                return '_';
            }
            kinds.push(sign);
        }
        sign
    };
    Zeroizing::new(text.chars().take(48).map(tame).collect())
}

/// argon2id with 19 MiB, two passes, one lane: the first row of the OWASP recommendation.
fn hasher() -> Argon2<'static> {
    Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::DEFAULT)
}

/// The memory in which passwords are hashed: 19 MiB, kept from one hash to the next.
#[derive(Default)]
pub struct Memory(Vec<Block>);

impl Memory {
    fn hash(&mut self, hasher: &Argon2<'_>, password: &Password, salt: &[u8], length: usize) -> Option<phc::Output> {
        let blocks = hasher.params().block_count();
        if self.0.len() < blocks {
            self.0.resize(blocks, Block::new());
        }
        let mut output = [0_u8; phc::Output::MAX_LENGTH];
        let output = output.get_mut(..length)?;
        hasher.hash_password_into_with_memory(password.0.as_bytes(), salt, output, &mut self.0[..blocks]).ok()?;
        phc::Output::new(output).ok()
    }
}

/// A stored password hash in PHC string format. It has no `Debug`, so that it reaches no log.
#[derive(Clone)]
pub struct PasswordHash(String);

/// What a comparison found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// The right password.
    Right,
    /// The right password, but its hash was made with weaker parameters: store a new one.
    RightButWeak,
    /// Another password.
    Wrong,
}

impl PasswordHash {
    /// Hashes a password: about 40 ms.
    pub fn of(password: &Password, rng: &mut dyn Rng, memory: &mut Memory) -> Option<Self> {
        let mut salt = [0_u8; 16];
        rng.fill_bytes(&mut salt);
        let output = memory.hash(&hasher(), password, &salt, Params::DEFAULT_OUTPUT_LEN)?;
        let hash = phc::PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: phc::ParamsString::try_from(&Params::DEFAULT).ok()?,
            salt: Some(phc::Salt::new(&salt).ok()?),
            hash: Some(output),
        };
        Some(Self(hash.to_string()))
    }

    /// From the database.
    pub fn from_db(text: String) -> Self {
        Self(text)
    }

    /// For the database.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Compares; takes the same time for a right and a wrong password. An unreadable hash matches nothing.
    pub fn compare(&self, password: &Password, memory: &mut Memory) -> Match {
        self.matches(password, memory).unwrap_or(Match::Wrong)
    }

    fn matches(&self, password: &Password, memory: &mut Memory) -> Option<Match> {
        let parsed = phc::PasswordHash::new(&self.0).ok()?;
        let (salt, stored) = (parsed.salt?, parsed.hash?);
        let params = Params::try_from(&parsed).ok()?;
        let algorithm = Algorithm::try_from(parsed.algorithm.as_str()).ok()?;
        let version = parsed.version.map_or(Ok(Version::V0x13), Version::try_from).ok()?;
        let (m_cost, t_cost) = (params.m_cost(), params.t_cost());
        let hasher = Argon2::new(algorithm, version, params);
        let output = memory.hash(&hasher, password, &salt, stored.len())?;
        if output != stored {
            return Some(Match::Wrong); // compared in constant time
        }
        let weak = m_cost < Params::DEFAULT_M_COST || t_cost < Params::DEFAULT_T_COST;
        Some(if weak { Match::RightButWeak } else { Match::Right })
    }

    /// A hash that no password matches, so that an unknown user costs as much time as a known one.
    pub fn of_nobody() -> Self {
        static NOBODY: LazyLock<String> = LazyLock::new(|| {
            hasher()
                .hash_password_with_salt(b"", b"nobody has this salt")
                .map(|hash: phc::PasswordHash| hash.to_string())
                .unwrap_or_default()
        });
        Self(NOBODY.clone())
    }
}

#[cfg(test)]
mod tests {
    use rand::{SeedableRng, rngs::StdRng};

    use super::*;

    fn chosen(text: &str) -> Result<Password, FieldError> {
        Password::chosen(Proposal::parse("password", text.to_owned())?, &Username::parse("miriam").unwrap())
    }

    #[test]
    fn common_repeated_and_contextual_passwords_are_refused() {
        for bad in [
            "passwordpassword",
            "123456789012345678",
            "aaaaaaaaaaaaaaaaaaaa",
            "qwertyuiopasdfghjkl",
            "clavigerclaviger",
            "miriammiriammiriam",
            "claviger-miriam",
            "password123456789",
            "p@$$w0rdp@$$w0rd",
            "short",
        ] {
            assert!(chosen(bad).is_err(), "{bad}");
        }
        for good in [
            "correct horse battery staple",
            "Der Regen über Leipzig",
            "   spaces count too   ",
            "🐢🐇🐢🐇🐙🦊🐢🐇🐢🦉🐇🐢🐝🐢🐇",
        ] {
            assert!(chosen(good).is_ok(), "{good}");
        }
    }

    #[test]
    fn what_is_looked_at_is_bounded() {
        let tame = tamed(&"4@8({[<369&#!1/|0$5+7%2\"*5".repeat(40));
        assert_eq!(tame.chars().count(), 48);
        let kinds: std::collections::HashSet<char> = tame.chars().filter(|c| "@({[<!|$+%".contains(*c)).collect();
        assert_eq!(kinds.len(), 3);
    }

    #[test]
    fn nothing_is_cut_off() {
        let long = |end: &str| format!("{}{end}", "The quick brown fox jumps over 13 lazy dogs. ".repeat(10));
        let (a, b) = (chosen(&long("a")).unwrap(), chosen(&long("b")).unwrap());
        let hash = PasswordHash::of(&a, &mut StdRng::seed_from_u64(1), &mut Memory::default()).unwrap();
        assert_eq!(hash.compare(&a, &mut Memory::default()), Match::Right);
        assert_eq!(hash.compare(&b, &mut Memory::default()), Match::Wrong);
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "docs/rules.md, P1");
        assert!(Password::presented("x".repeat(LONGEST_BYTES + 1)).is_none());
    }

    #[test]
    fn weaker_parameters_are_noticed() {
        let password = chosen("correct horse battery staple").unwrap();
        let weak = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8192, 1, 1, None).unwrap());
        let hash: phc::PasswordHash =
            weak.hash_password_with_salt(b"correct horse battery staple", b"0123456789abcdef").unwrap();
        assert_eq!(
            PasswordHash::from_db(hash.to_string()).compare(&password, &mut Memory::default()),
            Match::RightButWeak
        );
        assert_eq!(PasswordHash::from_db("nonsense".into()).compare(&password, &mut Memory::default()), Match::Wrong);
        assert_eq!(PasswordHash::of_nobody().compare(&password, &mut Memory::default()), Match::Wrong);
    }
}

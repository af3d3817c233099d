//! One line of text that somebody typed: trimmed, of limited length, without characters that could deceive a reader.

use super::mistake::Mistake;

/// The limits of one kind of line.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The form field, for the mistake.
    pub field: &'static str,
    /// What people call it, at the start of a sentence: "Name".
    pub label: &'static str,
    /// The most characters (Unicode scalar values) allowed.
    pub longest: usize,
}

/// The trimmed line, possibly empty. Too long a line is refused, never cut.
pub fn line(limits: Limits, input: &str) -> Result<String, Mistake> {
    let text = input.trim();
    let length = text.chars().count();
    if length > limits.longest {
        return Err(Mistake::new(
            limits.field,
            format!("Shorten the {} to {} characters or fewer", limits.label.to_lowercase(), limits.longest),
        ));
    }
    if text.chars().any(deceives) {
        return Err(Mistake::new(
            limits.field,
            format!("{} contains a control character. Type it on one line, without invisible characters", limits.label),
        ));
    }
    Ok(text.to_owned())
}

/// Control characters, line separators and the marks that turn the direction of text around (they can make one
/// line of a log or a list look like another: Unicode TR 36, section 3).
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// At most `most` characters of untrusted text for a log or a list, control characters replaced.
pub fn excerpt(input: &str, most: usize) -> String {
    input.chars().take(most).map(|c| if deceives(c) { '\u{FFFD}' } else { c }).collect()
}

/// The text without regard to case: lower case as Unicode has it, the same on both databases.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: Limits = Limits { field: "name", label: "Name", longest: 5 };

    #[test]
    fn a_line_is_trimmed_and_never_cut() {
        assert_eq!(line(NAME, "  äöü \n").unwrap(), "äöü");
        assert_eq!(line(NAME, "123456").unwrap_err().text, "Shorten the name to 5 characters or fewer");
    }

    #[test]
    fn characters_that_deceive_are_refused() {
        for bad in ["a\nb", "a\u{202E}b", "a\0b", "a\u{1b}b"] {
            assert!(line(NAME, bad).is_err(), "{bad:?}");
        }
        assert!(line(NAME, "👩‍🔬").is_ok(), "emoji sequences are text");
    }
}

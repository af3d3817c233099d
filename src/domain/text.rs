//! One line of text that somebody typed: trimmed, of limited length, without characters that could deceive a reader.

use crate::domain::field_error::FieldError;

/// The limits of one kind of line.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The form field, for the error.
    pub field: &'static str,
    /// What people call it, at the start of a sentence: "Name".
    pub label: &'static str,
    /// The most characters (Unicode scalar values) allowed.
    pub longest: usize,
}

/// The trimmed line, possibly empty. Too long a line is refused, never cut.
pub fn line(limits: Limits, input: &str) -> Result<String, FieldError> {
    let text = input.trim();
    let length = text.chars().count();
    if length > limits.longest {
        return Err(FieldError::new(
            limits.field,
            format!("Shorten the {} to {} characters or fewer", limits.label.to_lowercase(), limits.longest),
        ));
    }
    if text.chars().any(deceives) {
        return Err(FieldError::new(
            limits.field,
            format!("{} contains a control character. Type it on one line, without invisible characters", limits.label),
        ));
    }
    if !text.is_empty() && !text.chars().any(is_seen) {
        let text = format!("{} shows nothing. Type at least one character that can be seen", limits.label);
        return Err(FieldError::new(limits.field, text));
    }
    Ok(text.to_owned())
}

/// Control characters, line separators, the marks that turn the direction of text around, and what is there without being
/// seen: they can make one line of a log or a list look like another (Unicode TR 36, section 3). The joiners of emoji and of
/// Persian and Indic words, and variation selectors, are text.
fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{206F}' | '\u{FEFF}')
        || matches!(c, '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200E}' | '\u{200F}')
        || matches!(c, '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}' | '\u{2060}'..='\u{2064}')
        || matches!(c, '\u{FFF9}'..='\u{FFFB}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

/// Neither white space nor a joiner nor a variation selector.
fn is_seen(c: char) -> bool {
    !c.is_whitespace() && !matches!(c, '\u{200C}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}')
}

/// At most `most` characters of untrusted text for a log or a list, control characters replaced.
pub fn excerpt(input: &str, most: usize) -> String {
    input.chars().take(most).map(|c| if deceives(c) { '\u{FFFD}' } else { c }).collect()
}

/// The text without regard to case: lower case as Unicode has it, the same on both databases.
pub fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// A number with commas between its thousands.
pub fn number(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if number < 0 { format!("-{text}") } else { text }
}

/// "1 key", "1,786 keys".
pub fn counted(count: i64, one: &str, many: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", number(count)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_singular_and_everything_else_is_not() {
        let keys = |count| counted(count, "key", "keys");
        assert_eq!([0, 1, 2, 1_786].map(keys), ["0 keys", "1 key", "2 keys", "1,786 keys"]);
        assert_eq!([-1_234, 999, 1_000_000].map(number), ["-1,234", "999", "1,000,000"]);
    }

    const NAME: Limits = Limits { field: "name", label: "Name", longest: 5 };

    #[test]
    fn a_line_is_trimmed_and_never_cut() {
        assert_eq!(line(NAME, "  äöü \n").unwrap(), "äöü");
        assert_eq!(line(NAME, "123456").unwrap_err().text, "Shorten the name to 5 characters or fewer");
    }

    #[test]
    fn characters_that_deceive_are_refused() {
        for bad in ["a\nb", "a\u{202E}b", "a\0b", "a\u{1b}b", "a\u{200B}", "\u{2800}", "\u{E0041}a", "\u{200D}\u{FE0F}"]
        {
            assert!(line(NAME, bad).is_err(), "{bad:?}");
        }
        assert!(line(NAME, "👩‍🔬").is_ok(), "emoji sequences are text");
    }
}

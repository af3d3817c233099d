//! The forms in which a request may carry a key, and which of them a site accepts.

macro_rules! forms {
    ($($(#[doc = $about:literal])+ $form:ident = $word:literal, $words:literal;)+) => {
        /// A form.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Form {
            $($(#[doc = $about])+ $form,)+
        }

        impl Forms {
            /// All forms: the word in the database and in the API, and what people read.
            pub const CHOICES: &'static [(&'static str, &'static str)] = &[$(($word, $words),)+];
            const ALL: &'static [Form] = &[$(Form::$form,)+];
        }
    };
}

forms! {
    /// `Authorization: Bearer K` (RFC 6750, section 2.1).
    Bearer = "bearer", "Authorization: Bearer KEY";
    /// `Authorization: Apikey K`, as Tiled's clients send it.
    Apikey = "apikey", "Authorization: Apikey KEY";
    /// `Authorization: Basic` with the user name `apikey` (RFC 7617): what `.netrc` comes to.
    Basic = "basic", "Basic with the user name apikey (.netrc)";
    /// `X-API-Key: K`.
    XApiKey = "x-api-key", "X-API-Key: KEY";
    /// `apikey: K`, as LabKey's clients send it.
    ApikeyHeader = "apikey-header", "apikey: KEY";
    /// `Authorization: K` without a scheme, with `ResourceID: kind:id` beside it or without, as Encord's clients send it.
    Raw = "raw", "Authorization: KEY without a scheme, and ResourceID";
    /// `?api_key=K`, as Tiled's links have it (RFC 6750, section 2.3, which discourages it).
    Query = "query", "?api_key=KEY in the URL";
}

/// A set of forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forms(u8);

impl Forms {
    /// What is accepted unless a site says otherwise: each that keeps keys out of URLs and names its scheme.
    pub fn usual() -> Self {
        [Form::Bearer, Form::Apikey, Form::Basic, Form::XApiKey, Form::ApikeyHeader].into_iter().collect()
    }

    /// Is this one of them?
    pub fn has(self, form: Form) -> bool {
        self.0 & bit(form) != 0
    }

    /// These, and this one.
    #[must_use]
    pub fn with(self, form: Form) -> Self {
        Self(self.0 | bit(form))
    }

    /// Is one of these one of them?
    pub fn has_any_of(self, others: Self) -> bool {
        self.0 & others.0 != 0
    }

    /// From the words of the database, separated by commas; unknown ones are passed over.
    pub fn from_words(words: &str) -> Self {
        let named = Self::CHOICES.iter().zip(Self::ALL);
        named.filter(|((word, _), _)| words.split(',').any(|one| one == *word)).map(|(_, form)| *form).collect()
    }

    /// The words of the database.
    pub fn words(self) -> String {
        let named = Self::CHOICES.iter().zip(Self::ALL);
        named.filter(|(_, form)| self.has(**form)).map(|((word, _), _)| *word).collect::<Vec<_>>().join(",")
    }
}

fn bit(form: Form) -> u8 {
    1 << form as u8
}

impl FromIterator<Form> for Forms {
    fn from_iter<I: IntoIterator<Item = Form>>(forms: I) -> Self {
        Self(forms.into_iter().fold(0, |all, form| all | bit(form)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_word() {
        for (form, (word, _)) in Forms::ALL.iter().copied().zip(Forms::CHOICES) {
            let only: Forms = [form].into_iter().collect();
            assert_eq!((only.words().as_str(), Forms::from_words(word)), (*word, only));
        }
        assert_eq!(Forms::usual().words(), "bearer,apikey,basic,x-api-key,apikey-header");
        assert!(!Forms::usual().has(Form::Query) && !Forms::usual().has(Form::Raw));
    }
}

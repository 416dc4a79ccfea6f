//! A text that may stand in no log and no answer.

/// A text nobody may read in a log: no Debug, no Serialize.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text secret.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
    /// The text, for the one place that uses it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

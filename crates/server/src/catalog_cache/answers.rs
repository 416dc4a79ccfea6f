//! Encoded list answers, kept while nothing they show has changed.

use crate::http::encoded::EncodedBody;
use chrono::{DateTime, Utc};
use quick_cache::{Weighter, sync::Cache};

/// Memory for list answers, in bytes.
const BYTES_KEPT: u64 = 16 * 1024 * 1024;

/// What an answer was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MadeFrom {
    /// The catalog.
    pub epoch: u64,
    /// Seat counts.
    pub seats: u64,
}

#[derive(Clone)]
struct Kept {
    made_from: MadeFrom,
    /// A show in it starts then, or its counts are too old.
    until: DateTime<Utc>,
    body: EncodedBody,
}

#[derive(Clone)]
struct BySize;
impl Weighter<String, Kept> for BySize {
    fn weight(&self, key: &String, kept: &Kept) -> u64 {
        // Must never change for a kept value, so the compressed forms, made later, are counted in advance: the three
        // together take less than the bytes themselves.
        (key.len() + 2 * kept.body.identity().len() + 256) as u64
    }
}

/// List answers by request.
pub struct Answers(Cache<String, Kept, BySize>);

impl Default for Answers {
    fn default() -> Self {
        Self(Cache::with_weighter(512, BYTES_KEPT, BySize))
    }
}

impl Answers {
    /// The answer to `request`, if what it was made from is still so.
    pub fn get(
        &self,
        request: &str,
        made_from: MadeFrom,
        now: DateTime<Utc>,
    ) -> Option<EncodedBody> {
        let kept = self.0.get(request)?;
        (kept.made_from == made_from && now < kept.until).then_some(kept.body)
    }
    /// Keeps an answer.
    pub fn put(
        &self,
        request: String,
        made_from: MadeFrom,
        until: DateTime<Utc>,
        body: EncodedBody,
    ) {
        self.0.insert(
            request,
            Kept {
                made_from,
                until,
                body,
            },
        );
    }
    /// Forgets all.
    pub fn clear(&self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Effort;
    use axum::http::{HeaderMap, header};

    #[test]
    fn an_answer_may_be_replaced_after_its_compressed_forms_were_made() {
        let answers = Answers::default();
        let made_from = MadeFrom { epoch: 1, seats: 1 };
        let until = DateTime::<Utc>::MAX_UTC;
        for round in 0..50 {
            let body = EncodedBody::json_by_content("x".repeat(5_000), Effort::Fresh);
            answers.put("/theaters".into(), made_from, until, body.clone());
            let wish = HeaderMap::from_iter([(header::ACCEPT_ENCODING, "zstd".parse().unwrap())]);
            body.respond(&wish);
            assert!(
                answers.get("/theaters", made_from, Utc::now()).is_some(),
                "round {round}"
            );
        }
    }
}

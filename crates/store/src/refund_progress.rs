//! How far the refunds are that a show's cancellation or move asked for: both count the same rows in the same way.

/// Refunds by what became of them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RefundProgress {
    pub pending: u32,
    pub succeeded: u32,
    /// Somebody has to pay these back by hand.
    pub failed: u32,
    /// All but what failed, in minor units.
    pub amount_minor: i64,
}

impl RefundProgress {
    /// Counts refunds of one outcome in, as an engine keeps its name. One that is neither on its way nor there has failed.
    pub fn count(&mut self, status: &str, refunds: u32, amount_minor: i64) {
        let (counted, amount) = match status {
            "pending" => (&mut self.pending, amount_minor),
            "succeeded" => (&mut self.succeeded, amount_minor),
            _ => (&mut self.failed, 0),
        };
        *counted += refunds;
        self.amount_minor += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::RefundProgress;

    #[test]
    fn what_failed_is_counted_but_is_no_money_that_goes_back() {
        let mut progress = RefundProgress::default();
        for (status, refunds, amount) in [
            ("pending", 2, 300),
            ("succeeded", 1, 50),
            ("failed", 4, 7_000),
        ] {
            progress.count(status, refunds, amount);
        }
        let expected = RefundProgress {
            pending: 2,
            succeeded: 1,
            failed: 4,
            amount_minor: 350,
        };
        assert_eq!(progress, expected);
    }
}

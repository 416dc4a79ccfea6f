//! What a person sees: one line when a step begins, one when it ends with the time it took. Plain text, no colours, so
//! that a log file reads the same as a terminal.

use std::time::{Duration, Instant};

/// Says `line`, marked as ours among the output of the tools that run below.
pub fn say(line: &str) {
    println!("==> {line}");
}

/// Runs `work` as a step with a name, and says how long it took.
pub fn step<T>(name: &str, work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    say(&format!("{name} …"));
    let begun = Instant::now();
    let outcome = work();
    let took = elapsed(begun.elapsed());
    match &outcome {
        Ok(_) => say(&format!("{name}: done in {took}")),
        Err(_) => say(&format!("{name}: FAILED after {took}")),
    }
    outcome
}

/// A duration as a person reads it: `0.4 s`, `12 s`, `3 min 05 s`.
pub fn elapsed(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        _ => format!("{} min {:02} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(elapsed(Duration::from_millis(420)), "0.4 s");
        assert_eq!(elapsed(Duration::from_secs(12)), "12 s");
        assert_eq!(elapsed(Duration::from_secs(185)), "3 min 05 s");
    }
}

//! The live stream of one viewer, pulled: a slow reader simply pulls later and then gets everything at once, or a new
//! snapshot. Nothing is buffered per viewer.

use super::Viewer;
use bytes::Bytes;
use futures_util::Stream;
use std::{convert::Infallible, pin::Pin, time::Duration};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

/// Changes are sent at most this often.
pub const EVENT_TICK: Duration = Duration::from_millis(50);
/// Silence is broken this often, so that dead connections are noticed at both ends.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// The events of a viewer.
pub struct SeatEvents {
    viewer: Viewer,
    since: Option<u64>,
    next_tick: Instant,
    /// Ends the stream when the server drains.
    draining: CancellationToken,
    /// Lives as long as the stream.
    _guard: Option<Box<dyn std::any::Any + Send>>,
}

impl SeatEvents {
    /// A viewer that saw everything up to `since`. `guard` lives as long as the stream (a counted place).
    pub fn new(
        viewer: Viewer,
        since: Option<u64>,
        draining: CancellationToken,
        guard: Option<Box<dyn std::any::Any + Send>>,
    ) -> Self {
        Self {
            viewer,
            since,
            next_tick: Instant::now(),
            draining,
            _guard: guard,
        }
    }

    /// The stream of encoded events.
    pub fn into_stream(self) -> Pin<Box<dyn Stream<Item = Result<Bytes, Infallible>> + Send>> {
        Box::pin(futures_util::stream::unfold(
            self,
            |mut events| async move {
                let bytes = events.next().await?;
                Some((Ok(bytes), events))
            },
        ))
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.draining.is_cancelled() {
                return None;
            }
            self.viewer.versions.mark_unchanged();
            if self.viewer.live().is_retired() {
                return None;
            }
            let ready = Instant::now() >= self.next_tick;
            if ready && let Some((version, bytes)) = self.viewer.live().event_since(self.since) {
                self.since = Some(version);
                self.next_tick = Instant::now() + EVENT_TICK;
                return Some(bytes);
            }
            if !ready {
                // Changes within a tick travel together.
                tokio::select! {
                    () = sleep_until(self.next_tick) => continue,
                    () = self.draining.cancelled() => return None,
                }
            }
            tokio::select! {
                changed = timeout(HEARTBEAT, self.viewer.versions.changed()) => match changed {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return None,
                    Err(_) => return Some(Bytes::from_static(b": still here\n\n")),
                },
                () = self.draining.cancelled() => return None,
            }
        }
    }
}

#[cfg(test)]
mod tests;

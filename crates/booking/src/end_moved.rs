//! Bookings without room after their show moved to another screen: everybody gets all of their money back.
//!
//! Their seats were put aside with the move, and what is aside is what is left to do: a bounded round at a time, on one
//! server, each booking one step. So a crash loses nothing and nothing is done twice.

use crate::{
    cancel_show::{AT_ONCE, Ending, PAGE, PAGES, SHOWS, SHOWS_MOST},
    desk::Desk,
    error::SaleError,
    expire::JobReport,
};
use futures_util::stream::{self, StreamExt as _};
use matinee_domain::ids::{BookingId, ShowId};
use matinee_store::bookings::SHOW_MOVED;

const NO_ROOM: Ending = Ending {
    reason: SHOW_MOVED,
    message: "no_room",
};

impl Desk {
    /// Goes on with every moved show that has bookings without room left.
    pub async fn end_moved_shows(&self) -> Result<JobReport, SaleError> {
        let mut report = JobReport::default();
        let mut worked = 0;
        for show_id in self.moves.open_moves(SHOWS_MOST).await? {
            let before = report.done;
            self.end_bookings_aside(show_id, &mut report).await?;
            worked += usize::from(report.done > before);
            if worked == SHOWS {
                report.more = true;
                break;
            }
        }
        // A round that got nowhere must not spin.
        report.more &= report.done > 0;
        Ok(report)
    }

    async fn end_bookings_aside(
        &self,
        show_id: ShowId,
        report: &mut JobReport,
    ) -> Result<(), SaleError> {
        let mut after: Option<BookingId> = None;
        let mut worked = 0;
        while worked < PAGES {
            let before = report.done;
            let page = self.moves.bookings_aside(show_id, after, PAGE).await?;
            let full = page.len() == usize::from(PAGE);
            after = page.last().copied();
            let ended: Vec<_> = stream::iter(page)
                .map(|booking_id| async move {
                    (booking_id, self.end_booking(booking_id, NO_ROOM).await)
                })
                .buffer_unordered(AT_ONCE)
                .collect()
                .await;
            for (booking_id, ended) in ended {
                self.count_ended(report, "moved show", booking_id, ended);
            }
            worked += usize::from(report.done > before);
            if !full {
                self.moves.finish_move(show_id, self.clock.now()).await?;
                return Ok(());
            }
        }
        report.more = true;
        Ok(())
    }
}

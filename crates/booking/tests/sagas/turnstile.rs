//! One call at a time: every call of the desk waits here until the simulation lets it through, so that the order of all
//! calls, and what goes wrong with each, follow from a seed alone, though a real engine with a real thread answers them.

use crate::wire::{Call, Fault};
use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Poll,
};

#[derive(Debug)]
struct State {
    dice: fastrand::Rng,
    /// Faults in a thousand calls.
    faults: u32,
    granted: bool,
    waiting: bool,
    crashed: bool,
    trace: Vec<String>,
}

/// Where calls wait for their turn.
#[derive(Debug)]
pub struct Turnstile(Mutex<State>);

/// What came of one turn of a task.
pub enum Turn<T> {
    /// It made its call and waits before the next one.
    Waits,
    Ended(T),
    /// Its server died with this call.
    Crashed,
}

impl Turnstile {
    pub fn new(dice: fastrand::Rng, faults: u32) -> Self {
        Self(Mutex::new(State {
            dice,
            faults,
            granted: false,
            waiting: false,
            crashed: false,
            trace: Vec::new(),
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing goes wrong any more.
    pub fn calm(&self) {
        self.state().faults = 0;
    }

    /// Notes something in the story of this run.
    pub fn tell(&self, line: String) {
        self.state().trace.push(line);
    }

    /// The story so far.
    pub fn story(&self) -> String {
        self.state().trace.join("\n")
    }

    /// Waits for a turn.
    pub async fn pass(&self) {
        poll_fn(|cx| {
            let mut state = self.state();
            if state.faults == 0 || state.granted {
                state.granted = false;
                return Poll::Ready(());
            }
            state.waiting = true;
            // Its turn is given from outside, without a word to whoever polls it.
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// What goes wrong with the call that just got its turn.
    pub fn fault(&self, call: &Call) -> Option<Fault> {
        let mut state = self.state();
        let strikes = state.dice.u32(0..1000) < state.faults;
        let fault = strikes.then(|| {
            let all = Fault::ALL;
            all[state.dice.usize(0..all.len())]
        });
        let fault = fault.filter(|fault| fault.suits(call));
        let line = match fault {
            Some(fault) => format!("    {} !! {fault:?}", call.name),
            None => format!("    {}", call.name),
        };
        state.trace.push(line);
        fault
    }

    /// The server whose turn it is has died.
    pub fn crash(&self) {
        self.state().crashed = true;
    }

    /// Lets `task` make one call.
    pub async fn turn<T>(&self, task: &mut Pin<Box<dyn Future<Output = T>>>) -> Turn<T> {
        {
            let mut state = self.state();
            (state.granted, state.waiting, state.crashed) = (true, false, false);
        }
        poll_fn(|cx| {
            let polled = task.as_mut().poll(cx);
            let mut state = self.state();
            match polled {
                Poll::Ready(value) => Poll::Ready(Turn::Ended(value)),
                Poll::Pending if std::mem::take(&mut state.crashed) => Poll::Ready(Turn::Crashed),
                Poll::Pending if std::mem::take(&mut state.waiting) => Poll::Ready(Turn::Waits),
                // The engine's thread is at work; it wakes us.
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

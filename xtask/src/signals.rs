//! Ctrl-C and polite ends, without a dependency: notes that the person asked to stop instead of dying at once, so that
//! children are stopped in order, and asks a child to end the way the system does. The only unsafe code of xtask.

use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

static STOP: AtomicBool = AtomicBool::new(false);

/// How often a waiting loop looks again.
pub const TICK: Duration = Duration::from_millis(50);

/// Whether the person asked to stop.
pub fn stop_asked() -> bool {
    STOP.load(Ordering::Relaxed)
}

/// From here on Ctrl-C, SIGTERM and a closed terminal set [`stop_asked`] instead of ending this process.
pub fn listen() {
    #[cfg(unix)]
    unix::listen();
}

/// Asks the child to end, waits, and ends it when it does not. Safe to call when it has ended.
pub fn stop(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    end(child, patience, ask_to_end)
}

/// Makes the command's process the head of a group of its own, for [`stop_group`].
pub fn lead_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// The same for a child that heads its own group and for all it has started: a session with the program inside.
pub fn stop_group(child: &mut Child, patience: Duration) -> Option<ExitStatus> {
    end(child, patience, ask_group_to_end)
}

fn end(child: &mut Child, patience: Duration, ask: fn(&mut Child)) -> Option<ExitStatus> {
    if let Ok(Some(status)) = child.try_wait() {
        return Some(status);
    }
    ask(child);
    let begun = Instant::now();
    while begun.elapsed() < patience {
        match child.try_wait() {
            Ok(Some(status)) => return Some(status),
            Ok(None) => thread::sleep(TICK),
            Err(_) => return None,
        }
    }
    // An error here means that it ended in the meantime, which is what was wanted.
    let _ = child.kill();
    child.wait().ok()
}

fn ask_to_end(child: &mut Child) {
    #[cfg(unix)]
    unix::terminate(child.id(), false);
    #[cfg(not(unix))]
    let _ = child.kill();
}

fn ask_group_to_end(child: &mut Child) {
    #[cfg(unix)]
    unix::terminate(child.id(), true);
    #[cfg(not(unix))]
    let _ = child.kill();
}

#[cfg(unix)]
#[expect(
    unsafe_code,
    reason = "the standard library offers no signals; these two calls of the C library it links are all we need"
)]
mod unix {
    use super::{Ordering, STOP};

    const HANGUP: i32 = 1;
    const INTERRUPT: i32 = 2;
    const TERMINATE: i32 = 15;

    unsafe extern "C" {
        safe fn signal(number: i32, handler: extern "C" fn(i32)) -> usize;
        safe fn kill(process: i32, number: i32) -> i32;
    }

    extern "C" fn note(_number: i32) {
        // Nothing but an atomic store may happen in a signal handler.
        STOP.store(true, Ordering::Relaxed);
    }

    pub fn listen() {
        for number in [HANGUP, INTERRUPT, TERMINATE] {
            signal(number, note);
        }
    }

    pub fn terminate(process: u32, group: bool) {
        // 0 and 1 would mean "everybody" to the system when negated.
        if let Ok(process) = i32::try_from(process)
            && process > 1
        {
            kill(if group { -process } else { process }, TERMINATE);
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_listens_ends_by_itself_and_one_that_does_not_is_ended() {
        let mut polite = Command::new("sleep").arg("60").spawn().unwrap();
        let begun = Instant::now();
        let status = stop(&mut polite, Duration::from_secs(10)).unwrap();
        assert!(!status.success() && begun.elapsed() < Duration::from_secs(5));

        let mut deaf = Command::new("sh")
            .args(["-c", "trap '' TERM; while :; do sleep 0.1; done"])
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(200));
        assert!(stop(&mut deaf, Duration::from_millis(300)).is_some());
    }

    #[test]
    fn a_group_ends_with_what_its_head_has_started() {
        let mut command = Command::new("sh");
        command
            .args(["-c", "sleep 61 & echo $!; wait"])
            .stdout(std::process::Stdio::piped());
        lead_group(&mut command);
        let mut head = command.spawn().unwrap();
        let mut inner = String::new();
        let mut output = std::io::BufReader::new(head.stdout.take().unwrap());
        std::io::BufRead::read_line(&mut output, &mut inner).unwrap();
        assert!(stop_group(&mut head, Duration::from_secs(5)).is_some());
        // The pipe closes when the last process that holds it has ended.
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut output, &mut rest).unwrap();
        assert!(inner.trim().parse::<u32>().is_ok() && rest.is_empty());
    }
}

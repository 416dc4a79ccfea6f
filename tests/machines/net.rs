//! Machines as network namespaces: each with its own addresses on one or two networks, whose cables can be pulled.
//!
//! The front network carries buyers and the load balancer, the back network the database. This program stands on
//! both, as the one that watches. Needs root and Linux.

use std::{
    io,
    process::{Command, Stdio},
};

/// Which network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    Front,
    Back,
}

/// Both networks and the machines on them; all of it is gone when this is dropped.
pub struct Net {
    /// Tells runs at the same time apart, in names and addresses.
    number: u32,
    machines: Vec<String>,
    cables: Vec<String>,
}

fn ip(words: &[&str]) -> io::Result<()> {
    let output = Command::new("ip")
        .args(words)
        .stdin(Stdio::null())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!(
        "ip {}: {}",
        words.join(" "),
        why.trim()
    )))
}

impl Net {
    /// Both networks with nobody on them; or why that cannot be here.
    pub fn new() -> io::Result<Self> {
        let net = Self {
            number: std::process::id() % 25_000,
            machines: Vec::new(),
            cables: Vec::new(),
        };
        for side in [Side::Front, Side::Back] {
            let bridge = net.bridge(side);
            ip(&["link", "add", &bridge, "type", "bridge"])?;
            let own = format!("{}/24", net.address(side, 1));
            ip(&["addr", "add", &own, "dev", &bridge])?;
            ip(&["link", "set", &bridge, "up"])?;
        }
        Ok(net)
    }

    fn bridge(&self, side: Side) -> String {
        format!("mt{}{side:?}", self.number)
    }

    /// The address with this last number.
    pub fn address(&self, side: Side, host: u8) -> String {
        let (upper, lower) = (self.number / 250, self.number % 250);
        // Of the range set aside for measuring networks, the front in one half and the back in the other.
        let second = if side == Side::Front { 18 } else { 19 };
        format!("198.{second}.{}.{host}", (upper * 7 + lower) % 250)
    }

    fn cable(&self, machine: usize, side: Side) -> String {
        format!("mt{}{side:?}{machine}", self.number)
    }

    /// Adds a machine on these networks with this last number of its addresses; its namespace.
    pub fn machine(&mut self, name: &str, host: u8, sides: &[Side]) -> io::Result<String> {
        let space = format!("matinee{}-{name}", self.number);
        ip(&["netns", "add", &space])?;
        let number = self.machines.len();
        self.machines.push(space.clone());
        ip(&["-n", &space, "link", "set", "lo", "up"])?;
        for side in sides {
            let (near, far) = (
                self.cable(number, *side),
                format!("{side:?}").to_lowercase(),
            );
            ip(&[
                "link", "add", &near, "type", "veth", "peer", "name", &far, "netns", &space,
            ])?;
            self.cables.push(near.clone());
            ip(&["link", "set", &near, "master", &self.bridge(*side), "up"])?;
            let own = format!("{}/24", self.address(*side, host));
            ip(&["-n", &space, "addr", "add", &own, "dev", &far])?;
            ip(&["-n", &space, "link", "set", &far, "up"])?;
        }
        Ok(space)
    }

    /// Pulls a machine's cable, or plugs it in again. What was under way on it just vanishes.
    pub fn plug(&self, space: &str, side: Side, plugged: bool) -> io::Result<()> {
        let number = self.machines.iter().position(|machine| machine == space);
        let number =
            number.ok_or_else(|| io::Error::other(format!("there is no machine {space}")))?;
        let state = if plugged { "up" } else { "down" };
        ip(&["link", "set", &self.cable(number, side), state])
    }
}

impl Drop for Net {
    fn drop(&mut self) {
        // Sockets that still wait for an answer keep a namespace for minutes; its cables need not stay with it.
        for cable in &self.cables {
            let _ = ip(&["link", "del", cable]);
        }
        for machine in &self.machines {
            let _ = ip(&["netns", "del", machine]);
        }
        for side in [Side::Front, Side::Back] {
            let _ = ip(&["link", "del", &self.bridge(side)]);
        }
    }
}

//! This machine on its local network: its addresses there, and its name.
//!
//! IPv4 alone: every phone in a house has it, and people can type it. Addresses that all of the Internet reaches are not of
//! the local network and left out, and so are those of containers, virtual machines and tunnels, where nobody's phone is.

use std::{io, net::Ipv4Addr};

/// A machine of a house has a cable and a radio; the rest is somebody's experiment.
const MOST: usize = 8;
/// How interfaces begin that lead to nobody's phone.
const INNER: [&str; 11] = [
    "docker",
    "br-",
    "veth",
    "virbr",
    "vmnet",
    "vboxnet",
    "vEthernet",
    "tun",
    "tap",
    "utun",
    "wg",
];

/// The addresses, the likeliest first.
pub fn addresses() -> io::Result<Vec<Ipv4Addr>> {
    let found = if_addrs::get_if_addrs()?;
    let found = found.into_iter().filter_map(|interface| {
        let inner = INNER.iter().any(|start| interface.name.starts_with(start));
        match interface.ip() {
            std::net::IpAddr::V4(address) if !inner => Some(address),
            _ => None,
        }
    });
    Ok(sorted(found))
}

fn sorted(found: impl Iterator<Item = Ipv4Addr>) -> Vec<Ipv4Addr> {
    let mut addresses: Vec<_> = found
        .filter(|address| is_local(*address) && !address.is_loopback())
        .collect();
    // Routers of houses give out 192.168.…; an address a machine gave itself is the last that works.
    addresses.sort_unstable_by_key(|address| {
        let [first, ..] = address.octets();
        let rank = match first {
            192 => 0,
            10 => 1,
            172 => 2,
            169 => 4,
            _ => 3,
        };
        (rank, *address)
    });
    addresses.dedup();
    addresses.truncate(MOST);
    addresses
}

/// An address that only a local network reaches.
pub fn is_local(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let shared = first == 100 && (64..128).contains(&second);
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || shared
}

/// The names others on the network may call this machine by: with `.local`, as phones find it, and without, as Windows does.
pub fn names() -> Vec<String> {
    let name = hostname::get().unwrap_or_default();
    names_of(&name.to_string_lossy())
}

fn names_of(name: &str) -> Vec<String> {
    let name = name.to_ascii_lowercase();
    let label = name.split('.').next().unwrap_or_default();
    let plain = label
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if label.is_empty() || label.len() > 63 || label == "localhost" || !plain {
        return Vec::new();
    }
    vec![format!("{label}.local"), label.to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(texts: &[&str]) -> Vec<String> {
        let parsed = texts.iter().map(|text| text.parse().unwrap());
        sorted(parsed).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn only_the_local_networks_addresses_the_likeliest_first() {
        assert_eq!(
            of(&[
                "169.254.3.4",
                "10.0.0.7",
                "127.0.0.1",
                "192.168.1.5",
                "8.8.8.8",
                "10.0.0.7",
                "172.20.0.1"
            ]),
            ["192.168.1.5", "10.0.0.7", "172.20.0.1", "169.254.3.4"]
        );
        for public in [
            "1.1.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "0.0.0.0",
            "192.169.0.1",
        ] {
            assert!(!is_local(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_name_is_one_that_a_certificate_can_hold() {
        assert_eq!(names_of("Foyer-PC"), ["foyer-pc.local", "foyer-pc"]);
        assert_eq!(
            names_of("noras-mac.local"),
            ["noras-mac.local", "noras-mac"]
        );
        for none in [
            "",
            "localhost",
            "localhost.localdomain",
            "büro",
            "a b",
            "x_y",
        ] {
            assert!(names_of(none).is_empty(), "{none}");
        }
    }
}

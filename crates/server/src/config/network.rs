//! A network in CIDR form, for the proxies whose word about a caller's address counts.

use std::{net::IpAddr, str::FromStr};

/// An address and how many of its leading bits matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    /// True when the address lies in the network.
    pub fn contains(&self, address: IpAddr) -> bool {
        let same = |one: &[u8], other: &[u8]| {
            let whole = usize::from(self.prefix / 8);
            let rest = self.prefix % 8;
            let mask = !(0xFF_u8.checked_shr(u32::from(rest)).unwrap_or(0));
            one[..whole] == other[..whole] && (rest == 0 || (one[whole] ^ other[whole]) & mask == 0)
        };
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(one), IpAddr::V4(other)) => same(&one.octets(), &other.octets()),
            (IpAddr::V6(one), IpAddr::V6(other)) => same(&one.octets(), &other.octets()),
            _ => false,
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is not an address or network, e.g. 10.0.0.0/8");
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix
                .parse()
                .ok()
                .filter(|prefix| *prefix <= bits)
                .ok_or_else(wrong)?,
            None => bits,
        };
        Ok(Self { address, prefix })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_in_or_out() {
        let within = |network: &str, address: &str| {
            network
                .parse::<Network>()
                .unwrap()
                .contains(address.parse().unwrap())
        };
        assert!(within("10.0.0.0/8", "10.200.3.4") && !within("10.0.0.0/8", "11.0.0.1"));
        assert!(
            within("192.168.4.0/22", "192.168.7.255") && !within("192.168.4.0/22", "192.168.8.0")
        );
        assert!(within("127.0.0.1", "127.0.0.1") && !within("127.0.0.1", "127.0.0.2"));
        assert!(within("127.0.0.1", "::ffff:127.0.0.1"));
        assert!(
            within("2001:db8::/33", "2001:db8:7fff::1")
                && !within("2001:db8::/33", "2001:db8:8000::")
        );
        assert!(within("0.0.0.0/0", "8.8.8.8") && !within("0.0.0.0/0", "::1"));
        for wrong in ["", "10.0.0.0/33", "10.0.0", "x/8", "::/129", "10.0.0.0/-1"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }
}

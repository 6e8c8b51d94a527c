//! Chooses a port on the loopback interface that nobody listens on. Never keeps it: whoever asked may still find it taken.

use std::net::{Ipv4Addr, TcpListener};

/// Below the ports that systems give to outgoing connections.
const FIRST: u16 = 20_000;
const COUNT: u16 = 10_000;

/// The first free port from `wish` on; `wish` itself may be any number.
pub(crate) fn free(wish: u32) -> Option<u16> {
    choose(wish, |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok())
}

fn choose(wish: u32, is_free: impl Fn(u16) -> bool) -> Option<u16> {
    let ports = (0..u32::from(COUNT)).map(|step| (wish % u32::from(COUNT) + step) % u32::from(COUNT));
    ports.filter_map(|port| Some(FIRST + u16::try_from(port).ok()?)).find(|port| is_free(*port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goes_on_to_the_next_and_round_the_end() {
        assert_eq!(choose(5, |_| true), Some(20_005));
        assert_eq!(choose(20_005, |_| true), Some(20_005), "a port of ours is a wish for itself");
        assert_eq!(choose(5, |port| port != 20_005), Some(20_006));
        assert_eq!(choose(u32::MAX, |port| port < 20_002), Some(20_000));
        assert_eq!(choose(5, |_| false), None);
    }

    #[test]
    fn a_port_in_use_is_not_free() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        assert_ne!(free(u32::from(taken)), Some(taken));
    }
}

//! The engine's network: a bridge of its own and one nft table that lets its containers reach the world.
//! Never touches another engine's bridge or rules, nor any iptables chain but Docker's own for users. Networks that users
//! of the engine make join containers, but do not reach the world: only the engine's default network does.

use crate::{
    SandboxError,
    command::{Command, CommandError},
    folder::Folder,
    host::in_path,
    root,
    state::State,
};
use std::{io, net::Ipv4Addr};

/// The sandbox's addresses are in the block for testing network devices (RFC 2544): Docker chooses none there by
/// itself, and neither do companies for their own machines.
const BLOCK: [u8; 2] = [198, 18];

const FORWARDING: &str = "/proc/sys/net/ipv4/ip_forward";

/// No addresses are left.
#[derive(Debug, thiserror::Error)]
#[error("no free network among 198.18.0.0/16 for the sandbox's engine")]
pub struct NoFreeNetwork;

/// The network of one sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Network {
    bridge: String,
    number: u8,
}

/// A row of the kernel's routing table.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Route {
    interface: String,
    destination: u32,
    mask: u32,
}

impl Network {
    pub(crate) fn of(folder: &Folder, state: &State) -> Self {
        Self { bridge: folder.name(), number: state.network }
    }

    /// A number whose addresses nobody uses, near one that is the folder's own.
    pub(crate) fn choose(folder: &Folder) -> Result<u8, SandboxError> {
        let routes = routes()?;
        Ok(free(&routes, &folder.name(), folder.number().to_le_bytes()[0]).ok_or(NoFreeNetwork)?)
    }

    /// Whether somebody else's network has come to use our addresses.
    pub(crate) fn is_free(&self) -> io::Result<bool> {
        Ok(free(&routes()?, &self.bridge, self.number) == Some(self.number))
    }

    pub(crate) fn bridge(&self) -> &str {
        &self.bridge
    }
    pub(crate) fn subnet(&self) -> String {
        format!("{}/24", Ipv4Addr::new(BLOCK[0], BLOCK[1], self.number, 0))
    }

    /// The largest packet that the way out of this machine carries.
    pub(crate) fn mtu(&self) -> u32 {
        let out = routes().unwrap_or_default().into_iter().find(|route| route.mask == 0);
        let mtu = out
            .and_then(|route| fs_err::read_to_string(format!("/sys/class/net/{}/mtu", route.interface)).ok());
        mtu.and_then(|mtu| mtu.trim().parse().ok()).unwrap_or(1500)
    }

    /// Makes bridge and rules, and lets the machine forward packets. No bridge of an earlier run is there any more.
    pub(crate) fn up(&self, folder: &Folder) -> Result<(), SandboxError> {
        let address = format!("{}/24", Ipv4Addr::new(BLOCK[0], BLOCK[1], self.number, 1));
        // A bridge without an address of its own takes that of a container, and another one's when that ends: what the
        // others send is lost until they ask again, which takes up to half a minute.
        let own = format!("02:42:{:02x}:{:02x}:{:02x}:01", BLOCK[0], BLOCK[1], self.number);
        ip(&["link", "add", &self.bridge, "address", &own, "type", "bridge"])?;
        ip(&["address", "add", &address, "dev", &self.bridge])?;
        ip(&["link", "set", &self.bridge, "up"])?;
        self.nft(folder, &self.rules())?;
        self.docker_user("-D");
        self.docker_user("-I");
        if forwarding_is_off()? {
            fs_err::write(FORWARDING, "1")?;
        }
        Ok(())
    }

    /// Takes back all that [`Self::up`] did; `forwarding_was_off` before it.
    pub(crate) fn down(&self, folder: &Folder, forwarding_was_off: bool) -> Result<(), SandboxError> {
        if folder.root().join("usr/sbin/nft").exists() {
            let table = self.table();
            // A table that is not there cannot be deleted: so it is added first.
            self.nft(folder, &format!("table ip {table} {{}}\ndelete table ip {table}\n"))?;
        }
        self.docker_user("-D");
        self.delete_bridges(folder)?;
        // Another bridge (of another engine, of virtual machines) relies on it by now.
        if forwarding_was_off && bridges()?.is_empty() {
            fs_err::write(FORWARDING, "0")?;
        }
        Ok(())
    }

    /// Deletes our bridge, and those of networks that users of the engine made: the engine's own records name them.
    pub(crate) fn delete_bridges(&self, folder: &Folder) -> Result<(), SandboxError> {
        let records = fs_err::read(folder.data().join("network/files/local-kv.db")).unwrap_or_default();
        let of_a_user = |name: &str| {
            let id = name.strip_prefix("br-").unwrap_or_default().as_bytes();
            !id.is_empty() && records.windows(id.len()).any(|window| window == id)
        };
        for bridge in bridges()?.iter().filter(|name| **name == self.bridge || of_a_user(name)) {
            ip(&["link", "delete", bridge])?;
        }
        Ok(())
    }

    fn table(&self) -> String {
        format!("layerwise_{}", self.bridge)
    }

    fn rules(&self) -> String {
        let (table, subnet, bridge) = (self.table(), self.subnet(), &self.bridge);
        format!(
            "table ip {table} {{}}\ndelete table ip {table}\ntable ip {table} {{\n  chain postrouting {{\n    type nat hook \
             postrouting priority 100;\n    ip saddr {subnet} oifname != \"{bridge}\" masquerade\n  }}\n}}\n"
        )
    }

    fn nft(&self, folder: &Folder, rules: &str) -> Result<(), CommandError> {
        root::command(folder, "usr/sbin/nft").args(["-f", "-"]).input(rules).run()?;
        Ok(())
    }

    /// Where another Docker engine drops all forwarded packets but its own, its chain for users lets ours pass.
    fn docker_user(&self, action: &str) {
        if !in_path("iptables") || Command::new("iptables").args(["-S", "DOCKER-USER"]).run().is_err() {
            return;
        }
        for direction in ["-i", "-o"] {
            // To delete a rule that is not there is an error, and as it should be.
            let _ = Command::new("iptables")
                .args([action, "DOCKER-USER", direction, &self.bridge, "-j", "ACCEPT"])
                .run();
        }
    }
}

/// Whether the machine keeps packets that are not its own, as machines do by themselves.
pub(crate) fn forwarding_is_off() -> io::Result<bool> {
    Ok(fs_err::read_to_string(FORWARDING)?.trim() == "0")
}

fn ip(arguments: &[&str]) -> Result<(), CommandError> {
    Command::new("ip").args(arguments.iter().copied()).run()?;
    Ok(())
}

/// The names of the machine's bridges.
fn bridges() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs_err::read_dir("/sys/class/net")? {
        let entry = entry?;
        if entry.path().join("bridge").exists() {
            names.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    Ok(names)
}

fn routes() -> io::Result<Vec<Route>> {
    Ok(parse_routes(&fs_err::read_to_string("/proc/net/route")?))
}

/// Reads the kernel's table: numbers are hexadecimal, their bytes in reverse.
fn parse_routes(text: &str) -> Vec<Route> {
    let number = |field: &str| u32::from_str_radix(field, 16).ok().map(u32::swap_bytes);
    let rows = text.lines().skip(1).filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        Some(Route {
            interface: (*fields.first()?).to_owned(),
            destination: number(fields.get(1)?)?,
            mask: number(fields.get(7)?)?,
        })
    });
    rows.collect()
}

/// The first number from `first` on whose network overlaps no route but those of `own` bridge.
fn free(routes: &[Route], own: &str, first: u8) -> Option<u8> {
    let overlaps = |number: u8| {
        let network = u32::from(Ipv4Addr::new(BLOCK[0], BLOCK[1], number, 0));
        routes.iter().any(|route| {
            let mask = route.mask & 0xffff_ff00;
            route.mask != 0 && route.interface != own && network & mask == route.destination & mask
        })
    };
    (0..=u8::MAX).map(|step| first.wrapping_add(step)).find(|number| !overlaps(*number))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n\
                         eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n\
                         lw01\t000712C6\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n\
                         br-1\t100812C6\t00000000\t0001\t0\t0\t0\tF0FFFFFF\t0\t0\t0\n";

    #[test]
    fn reads_the_routing_table() {
        let routes = parse_routes(TABLE);
        assert_eq!(routes.len(), 3);
        assert_eq!(Ipv4Addr::from(routes[1].destination), Ipv4Addr::new(198, 18, 7, 0));
        assert_eq!(Ipv4Addr::from(routes[2].mask), Ipv4Addr::new(255, 255, 255, 240));
    }

    #[test]
    fn takes_the_next_network_that_nobody_uses() {
        let routes = parse_routes(TABLE);
        assert_eq!(free(&routes, "lw02", 3), Some(3));
        assert_eq!(
            free(&routes, "lw02", 7),
            Some(9),
            "7 is another sandbox's, 8 has a small network of a user"
        );
        assert_eq!(free(&routes, "lw01", 7), Some(7), "our own bridge is not in the way");
        let all = [Route { interface: "vpn".to_owned(), destination: 198 << 24, mask: 255 << 24 }];
        assert_eq!(free(&all, "lw02", 7), None);
        assert_eq!(free(&[], "lw02", 255), Some(255));
    }

    #[test]
    fn the_rules_replace_earlier_ones() {
        let network = Network { bridge: "lw01".to_owned(), number: 7 };
        assert_eq!(
            network.rules(),
            "table ip layerwise_lw01 {}\ndelete table ip layerwise_lw01\ntable ip layerwise_lw01 {\n  chain \
             postrouting {\n    type nat hook postrouting priority 100;\n    ip saddr 198.18.7.0/24 oifname != \
             \"lw01\" masquerade\n  }\n}\n"
        );
    }
}

//! What port scanners have in common: hosts with open ports, of which those count that can be Remote Desktop.

use std::collections::{BTreeSet, HashMap};

use super::{Import, ImportedHost, NO_REMOTE_DESKTOP, is_remote_desktop};

/// An open or closed port as a scanner reports it.
pub(super) struct ScannedPort<'a> {
    pub(super) port: &'a str,
    pub(super) protocol: &'a str,
    pub(super) state: &'a str,
    /// The name of the service, or nothing.
    pub(super) service: &'a str,
}

impl ScannedPort<'_> {
    /// The port, when it is open and one of those wanted, or has Remote Desktop by its service.
    fn remote_desktop(&self, wanted: &[u16]) -> Option<u16> {
        let port = self.port.trim().parse().ok().filter(|port| *port > 0)?;
        let is_meant = wanted.contains(&port) || is_remote_desktop(self.service);
        (self.state == "open" && self.protocol == "tcp" && is_meant).then_some(port)
    }
}

/// A scan, host by host: some scanners write a record for each port.
pub(super) struct PortScan<'a> {
    wanted: &'a [u16],
    hosts: Vec<(String, usize, BTreeSet<u16>)>,
    seen: HashMap<String, usize>,
}

impl<'a> PortScan<'a> {
    pub(super) fn new(wanted: &'a [u16]) -> Self {
        Self {
            wanted,
            hosts: Vec::new(),
            seen: HashMap::new(),
        }
    }

    pub(super) fn add<'p>(
        &mut self,
        host: &str,
        line: usize,
        ports: impl Iterator<Item = ScannedPort<'p>>,
    ) {
        let next = self.hosts.len();
        let at = *self.seen.entry(host.to_owned()).or_insert(next);
        if at == next {
            self.hosts.push((host.to_owned(), line, BTreeSet::new()));
        }
        if let Some((_, _, open)) = self.hosts.get_mut(at) {
            open.extend(ports.filter_map(|port| port.remote_desktop(self.wanted)));
        }
    }

    /// A host for each of its ports that counts; without any it is left out.
    pub(super) fn import(self, format: &str) -> Import {
        let mut import = Import::of(format);
        for (host, line, open) in self.hosts {
            if open.is_empty() {
                import.skip(NO_REMOTE_DESKTOP, &host);
            }
            for port in open {
                import.add_host(ImportedHost {
                    host: host.clone(),
                    port: Some(port),
                    line,
                    ..ImportedHost::default()
                });
            }
        }
        import
    }
}

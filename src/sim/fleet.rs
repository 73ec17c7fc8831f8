use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::accept::accept;
use super::certificate::CertificateAuthority;
use super::connection_log::ConnectionRecord;
use super::dns::DnsServer;
use super::host::HostBehavior;
use super::schedule::mix;
use super::silent::SilentListener;
use super::zone::Zone;
use super::{HostSpec, NameSpec, Scenario, Service, SimError, TargetForm, connection};
use crate::model::{DEFAULT_PORT, Endpoint};

/// Open connections per host; more wait in its accept queue.
const CONNECTIONS_PER_HOST: usize = 64;
/// Length of the accept queue.
const BACKLOG: i32 = 128;
/// The time for connections to end at a stop.
const STOP_GRACE: Duration = Duration::from_secs(1);
const PORT_TRIES: u32 = 64;
/// Below the ephemeral ports of the operating systems.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Bound by every fleet on 127.77, so that two fleets never share a port.
const CLAIM: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 255, 254));
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The common port of the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// 3389, or a free one when that is taken.
    Usual,
    /// A free one, so that several fleets can run at a time.
    Free,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartOptions {
    /// The time to which the dates of certificates are relative.
    pub now: Timestamp,
    pub ports: Ports,
}

/// The addresses of the hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Every host on an address of its own, all on one port.
    PerAddress,
    /// All on 127.0.0.1 with a port each. Expectations about DNS are then not judged.
    OneAddress,
}

/// A host of a running fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedHost {
    pub endpoint: Endpoint,
    pub names: Vec<String>,
    pub about: String,
    pub target: TargetForm,
    /// The expected result, for tests.
    pub expect: toml::Table,
}

impl SimulatedFleet {
    /// Binds every host and starts to answer, until the fleet is stopped or dropped.
    pub async fn start(scenario: &Scenario, options: StartOptions) -> Result<Self, SimError> {
        scenario.check()?;
        let sockets = BoundSockets::find(scenario, options.ports)?;
        let authority =
            CertificateAuthority::new(options.now).map_err(|error| SimError::Certificate {
                host: "authority".to_owned(),
                reason: error.to_string(),
            })?;
        let zone = Zone::of(scenario, |address| sockets.layout.place(address));
        let dns = DnsServer::bind().await?;
        let dns_address = dns.address();

        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(dns.serve(Arc::new(zone), stop.clone()));
        let mut hosts = Vec::with_capacity(scenario.hosts.len());
        let mut running = Vec::new();
        let mut silent = Vec::new();
        let mut reserved = sockets.reserved;
        for (spec, (socket, endpoint)) in scenario.hosts.iter().zip(sockets.bound) {
            hosts.push(described(spec, endpoint));
            let bind_error = |source| SimError::Bind {
                address: endpoint.socket_address(),
                source,
            };
            match spec.service {
                Service::Refused => reserved.push(socket),
                Service::Filtered => silent.push(tokio::task::spawn_blocking(move || {
                    SilentListener::new(socket, endpoint.socket_address())
                })),
                _ => {
                    let host =
                        Arc::new(HostBehavior::new(spec.clone(), scenario.seed, &authority)?);
                    let listener = TcpListener::from_std(socket.into()).map_err(bind_error)?;
                    let (served, stop) = (Arc::clone(&host), stop.clone());
                    tasks.spawn(async move {
                        let serve = |stream| connection::serve(Arc::clone(&served), stream);
                        let accept = accept(listener, CONNECTIONS_PER_HOST, serve);
                        stop.run_until_cancelled(accept).await;
                    });
                    running.push((endpoint, host));
                }
            }
        }
        let mut held = Vec::new();
        for made in silent {
            let listener = made
                .await
                .map_err(io::Error::other)
                .and_then(|listener| listener)
                .map_err(|source| SimError::Bind {
                    address: SocketAddr::new(LOCALHOST, sockets.port),
                    source,
                })?;
            held.push(listener);
        }
        Ok(Self {
            title: scenario.title.clone(),
            hosts,
            names: scenario.names.clone(),
            running,
            dns: dns_address,
            port: sockets.port,
            layout: sockets.layout,
            root_certificate: authority.root().to_vec(),
            tasks,
            stop: stop.clone(),
            _guard: stop.drop_guard(),
            _silent: held,
            _reserved: reserved,
        })
    }
}

fn described(spec: &HostSpec, endpoint: Endpoint) -> SimulatedHost {
    // On Windows such a host refuses (see `silent`), so the expectation does not hold.
    let refuses = cfg!(windows) && spec.service == Service::Filtered;
    SimulatedHost {
        endpoint,
        names: spec.names.clone(),
        about: spec.about.clone(),
        target: spec.target,
        expect: if refuses {
            toml::Table::new()
        } else {
            spec.expect.clone()
        },
    }
}

/// A fleet that answers.
#[derive(Debug)]
pub struct SimulatedFleet {
    /// Of the scenario.
    pub title: String,
    /// In the order of the scenario.
    pub hosts: Vec<SimulatedHost>,
    /// Targets of the scan besides the hosts.
    pub names: Vec<NameSpec>,
    /// The address of the DNS server, over UDP and TCP.
    pub dns: SocketAddr,
    /// The port that stands for 3389.
    pub port: u16,
    pub layout: Layout,
    /// The root certificate (DER) of the simulated company.
    pub root_certificate: Vec<u8>,
    running: Vec<(Endpoint, Arc<HostBehavior>)>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
    _guard: DropGuard,
    _silent: Vec<SilentListener>,
    _reserved: Vec<Socket>,
}

impl SimulatedFleet {
    /// The targets of the scan, each with its port.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        let mut targets = Vec::new();
        for host in &self.hosts {
            if matches!(host.target, TargetForm::Address | TargetForm::Both) {
                targets.push(host.endpoint.to_string());
            }
            if let (TargetForm::Name | TargetForm::Both, Some(name)) =
                (host.target, host.names.first())
            {
                targets.push(format!("{name}:{}", host.endpoint.port));
            }
        }
        for target in &self.names {
            targets.push(format!("{}:{}", target.name, self.port));
        }
        targets
    }

    /// The ended connections to a host, oldest first, at most 512.
    #[must_use]
    pub fn connections(&self, endpoint: Endpoint) -> Vec<ConnectionRecord> {
        self.running
            .iter()
            .find(|(place, _)| *place == endpoint)
            .map(|(_, host)| host.connections.all())
            .unwrap_or_default()
    }

    /// Stops listening and ends every connection.
    pub async fn stop(mut self) {
        self.stop.cancel();
        let ended = timeout(STOP_GRACE, async {
            while self.tasks.join_next().await.is_some() {}
        });
        if ended.await.is_err() {
            self.tasks.shutdown().await;
        }
    }
}

impl Layout {
    /// The real address of one in the scenario.
    fn place(self, address: IpAddr) -> IpAddr {
        match (self, address) {
            (Self::OneAddress, IpAddr::V4(_)) => LOCALHOST,
            _ => address,
        }
    }
}

/// The sockets of all hosts of a scenario.
struct BoundSockets {
    bound: Vec<(Socket, Endpoint)>,
    /// Bound so that no other program answers there.
    reserved: Vec<Socket>,
    port: u16,
    layout: Layout,
}

impl BoundSockets {
    fn find(scenario: &Scenario, ports: Ports) -> Result<Self, SimError> {
        static COUNTER: AtomicU64 = AtomicU64::new(0);
        let first = match ports {
            Ports::Usual => Some(DEFAULT_PORT),
            Ports::Free => None,
        };
        let seed = mix(u64::from(std::process::id())) ^ COUNTER.fetch_add(1, Ordering::Relaxed);
        let drawn = (0..u64::from(PORT_TRIES)).map(|index| {
            let span = u64::from(FREE_PORTS.end - FREE_PORTS.start);
            let offset = u16::try_from(mix(seed ^ (index << 32)) % span).unwrap_or(0);
            FREE_PORTS.start + offset
        });
        for port in first.into_iter().chain(drawn) {
            match Self::at(scenario, port, Layout::PerAddress) {
                Ok(sockets) => return Ok(sockets),
                Err(SimError::Bind { source, .. }) if is_taken(&source) => {}
                Err(SimError::Bind { source, .. })
                    if source.kind() == io::ErrorKind::AddrNotAvailable =>
                {
                    return Self::at(scenario, 0, Layout::OneAddress);
                }
                Err(error) => return Err(error),
            }
        }
        Err(SimError::NoFreePort { tried: PORT_TRIES })
    }

    fn at(scenario: &Scenario, port: u16, layout: Layout) -> Result<Self, SimError> {
        let mut reserved = Vec::new();
        if layout == Layout::PerAddress {
            reserved.push(bind(SocketAddr::new(CLAIM, port), false)?);
            // Nothing answers on ::1, as without IPv6.
            match bind(SocketAddr::new(Ipv6Addr::LOCALHOST.into(), port), false) {
                Ok(socket) => reserved.push(socket),
                Err(SimError::Bind { source, .. }) if !is_taken(&source) => {}
                Err(error) => return Err(error),
            }
        }
        let mut bound = Vec::with_capacity(scenario.hosts.len());
        for host in &scenario.hosts {
            let wanted = match layout {
                Layout::PerAddress if host.port != 0 => shifted(host.port, port),
                _ => 0,
            };
            let address = SocketAddr::new(layout.place(host.address.0), wanted);
            let listens = !matches!(host.service, Service::Refused);
            let socket = bind(address, listens)?;
            let bind_error = |source| SimError::Bind { address, source };
            if listens && host.service != Service::Filtered {
                socket.listen(BACKLOG).map_err(bind_error)?;
                socket.set_nonblocking(true).map_err(bind_error)?;
            }
            let local = socket.local_addr().map_err(bind_error)?;
            let local = local.as_socket().unwrap_or(address);
            bound.push((socket, Endpoint::new(local.ip(), local.port())));
        }
        Ok(Self {
            bound,
            reserved,
            port: if port == 0 { DEFAULT_PORT } else { port },
            layout,
        })
    }
}

/// A port of the scenario, moved by as much as the common port from 3389.
const fn shifted(written: u16, common: u16) -> u16 {
    let port = common.wrapping_add(written.wrapping_sub(DEFAULT_PORT));
    if port == 0 { 1 } else { port }
}

/// Windows answers "permission denied" for its reserved port ranges.
fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

/// INVARIANT: the only place where the simulator binds TCP for hosts, and it refuses anything but loopback.
fn bind(address: SocketAddr, listens: bool) -> Result<Socket, SimError> {
    if !address.ip().is_loopback() {
        return Err(SimError::NotLoopback(address.ip()));
    }
    let bind = || {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        // On Unix a restarted fleet would have to wait for TIME_WAIT of the last one. A reserved socket goes without, so that
        // no other program can share it. On Windows the option means something else.
        if cfg!(unix) && listens {
            socket.set_reuse_address(true)?;
        }
        socket.bind(&address.into())?;
        Ok(socket)
    };
    bind().map_err(|source| SimError::Bind { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn on_one_address_hosts_are_told_apart_by_port() {
        let scenario =
            Scenario::from_toml("title = \"t\"\n[[host]]\naddress = 1\n[[host]]\naddress = 2")
                .unwrap();
        let sockets = BoundSockets::at(&scenario, 0, Layout::OneAddress).unwrap();
        let endpoints: Vec<Endpoint> = sockets.bound.iter().map(|(_, place)| *place).collect();
        assert!(endpoints.iter().all(|place| place.address == LOCALHOST));
        assert_ne!(endpoints[0].port, endpoints[1].port);
    }

    #[test]
    fn other_ports_keep_their_distance_to_the_common_one() {
        assert_eq!(shifted(3389, 20_000), 20_000);
        assert_eq!(shifted(3390, 20_000), 20_001);
        assert_eq!(shifted(3390, 3389), 3390);
    }
}

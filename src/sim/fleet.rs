use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::certificate::Mint;
use super::dns::DnsServer;
use super::host::Host;
use super::schedule::mix;
use super::silent::SilentListener;
use super::visit::Visit;
use super::zone::Zone;
use super::{Expect, HostSpec, NameTarget, Scenario, Service, SimError, TargetForm, connection};
use crate::model::{DEFAULT_PORT, Endpoint};

/// Connections that one host holds at once; more wait in its accept queue.
const CONNECTIONS_PER_HOST: usize = 64;
/// Length of the accept queue.
const BACKLOG: i32 = 128;
/// How long to rest when accepting itself fails, for instance without descriptors.
const TROUBLE_PAUSE: Duration = Duration::from_millis(50);
/// How long connections may take to end at a stop.
const STOP_GRACE: Duration = Duration::from_secs(1);
/// Common ports tried.
const PORT_TRIES: u32 = 64;
/// Free ports are taken below the range from which systems give ports to clients.
const FREE_PORTS: std::ops::Range<u16> = 20_000..32_000;
/// Bound by every fleet that lives on 127.77, so that two fleets never share a port.
const CLAIM: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 77, 255, 254));
const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Which port the fleet's hosts share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ports {
    /// 3389, or a free one when that is taken.
    Usual,
    /// A free one, so that many fleets can live side by side.
    Free,
}

/// How to start a fleet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StartOptions {
    /// The time to which the dates of certificates are relative.
    pub now: Timestamp,
    /// The common port.
    pub ports: Ports,
}

/// Where the hosts ended up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// Every host on an address of its own, all on one port.
    PerAddress,
    /// All on 127.0.0.1, told apart by port. Names then say nothing about addresses, and DNS expectations are not judged.
    OneAddress,
}

/// A host of a running fleet.
#[derive(Debug, Clone, PartialEq)]
pub struct SimulatedHost {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Its names.
    pub names: Vec<String>,
    /// What it stands for.
    pub about: String,
    /// How the scan is told of it.
    pub target: TargetForm,
    /// What is expected of a scan.
    pub expect: Expect,
}

/// Starts simulated fleets.
#[derive(Debug)]
pub struct Fleet;

impl Fleet {
    /// Binds every host and starts to answer. All of it ends when the result is stopped or dropped.
    pub async fn start(
        scenario: &Scenario,
        options: StartOptions,
    ) -> Result<RunningFleet, SimError> {
        scenario.check()?;
        let ground = Ground::find(scenario, options.ports)?;
        let mint = Mint::new(options.now).map_err(|error| SimError::Certificate {
            host: "authority".to_owned(),
            reason: error.to_string(),
        })?;
        let zone = Zone::of(scenario, |address| ground.layout.place(address));
        let dns = DnsServer::bind().await?;
        let dns_address = dns.address();

        let stop = CancellationToken::new();
        let mut tasks = JoinSet::new();
        tasks.spawn(dns.serve(Arc::new(zone), stop.clone()));
        let mut hosts = Vec::with_capacity(scenario.hosts.len());
        let mut running = Vec::new();
        let mut silent = Vec::new();
        let mut reserved = ground.reserved;
        for (spec, (socket, endpoint)) in scenario.hosts.iter().zip(ground.bound) {
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
                    let host = Arc::new(Host::new(spec.clone(), scenario.seed, &mint)?);
                    let listener = TcpListener::from_std(socket.into()).map_err(bind_error)?;
                    tasks.spawn(accept(listener, Arc::clone(&host), stop.clone()));
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
                    address: SocketAddr::new(LOCALHOST, ground.port),
                    source,
                })?;
            held.push(listener);
        }
        Ok(RunningFleet {
            title: scenario.title.clone(),
            hosts,
            names: scenario.names.clone(),
            running,
            dns: dns_address,
            port: ground.port,
            layout: ground.layout,
            root: mint.root().to_vec(),
            tasks,
            stop: stop.clone(),
            _guard: stop.drop_guard(),
            _silent: held,
            _reserved: reserved,
        })
    }
}

fn described(spec: &HostSpec, endpoint: Endpoint) -> SimulatedHost {
    // See `silent`: on Windows such a host refuses, so what was written about it does not hold there.
    let imitated = cfg!(windows) && spec.service == Service::Filtered;
    SimulatedHost {
        endpoint,
        names: spec.names.clone(),
        about: spec.about.clone(),
        target: spec.target,
        expect: if imitated {
            Expect::default()
        } else {
            spec.expect.clone()
        },
    }
}

async fn accept(listener: TcpListener, host: Arc<Host>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_PER_HOST));
    let mut clients = JoinSet::new();
    let accepting = async {
        loop {
            while clients.try_join_next().is_some() {}
            let Ok(place) = Arc::clone(&places).acquire_owned().await else {
                return;
            };
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(TROUBLE_PAUSE).await;
                continue;
            };
            let host = Arc::clone(&host);
            clients.spawn(async move {
                connection::serve(host, stream).await;
                drop(place);
            });
        }
    };
    tokio::select! {
        () = stop.cancelled() => {}
        () = accepting => {}
    }
}

/// A fleet that answers.
#[derive(Debug)]
pub struct RunningFleet {
    title: String,
    hosts: Vec<SimulatedHost>,
    names: Vec<NameTarget>,
    running: Vec<(Endpoint, Arc<Host>)>,
    dns: SocketAddr,
    port: u16,
    layout: Layout,
    root: Vec<u8>,
    tasks: JoinSet<()>,
    stop: CancellationToken,
    _guard: DropGuard,
    _silent: Vec<SilentListener>,
    _reserved: Vec<Socket>,
}

impl RunningFleet {
    /// The scenario's title.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Every host, in the order of the scenario.
    #[must_use]
    pub fn hosts(&self) -> &[SimulatedHost] {
        &self.hosts
    }

    /// Names that the scan is told besides those of hosts.
    #[must_use]
    pub fn names(&self) -> &[NameTarget] {
        &self.names
    }

    /// What to give a scan as targets, each with its port.
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

    /// Where the DNS server listens, over UDP and TCP.
    #[must_use]
    pub const fn dns(&self) -> SocketAddr {
        self.dns
    }

    /// The port that stands for 3389.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where the hosts are.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The root certificate (DER) of the simulated company.
    #[must_use]
    pub fn root_certificate(&self) -> &[u8] {
        &self.root
    }

    /// The connections to a host that are over, oldest first, at most 512.
    #[must_use]
    pub fn visits(&self, endpoint: Endpoint) -> Vec<Visit> {
        self.running
            .iter()
            .find(|(place, _)| *place == endpoint)
            .map(|(_, host)| host.visits.all())
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
    /// Where a written address really lives.
    fn place(self, address: IpAddr) -> IpAddr {
        match (self, address) {
            (Self::OneAddress, IpAddr::V4(_)) => LOCALHOST,
            _ => address,
        }
    }
}

/// Sockets for every host of a scenario.
struct Ground {
    bound: Vec<(Socket, Endpoint)>,
    /// Bound so that nobody else answers there.
    reserved: Vec<Socket>,
    port: u16,
    layout: Layout,
}

impl Ground {
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
                Ok(ground) => return Ok(ground),
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
            // Names that lead to ::1 should lead nowhere. Without IPv6 they do anyway.
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

/// The port for one that was written relative to 3389.
const fn shifted(written: u16, common: u16) -> u16 {
    let port = common.wrapping_add(written.wrapping_sub(DEFAULT_PORT));
    if port == 0 { 1 } else { port }
}

/// Windows reserves whole ranges of ports, and says "permission denied" there.
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
        // On Unix a fleet started again must not wait for the last one's connections to be forgotten. A socket that only
        // keeps a place goes without, so that nobody shares it. On Windows the option means something else.
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
        let ground = Ground::at(&scenario, 0, Layout::OneAddress).unwrap();
        let endpoints: Vec<Endpoint> = ground.bound.iter().map(|(_, place)| *place).collect();
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

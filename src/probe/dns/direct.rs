//! DNS servers asked directly, through hickory.
//!
//! hickory's resolver follows aliases and falls back to TCP, but hides loops of them, and answers reverse lookups of 127.0.0.0/8 by
//! itself, without asking (RFC 6761 6.3). Reverse lookups and aliases are therefore asked of its pool of servers, one layer below.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_resolver::config::{NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::xfer::{DnsHandle, FirstAnswer, RetryDnsHandle};
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::{DnsRequestOptions, DnsResponse, Query, ResponseCode};
use hickory_resolver::proto::rr::{Name, RData, RecordType};
use hickory_resolver::system_conf::read_system_conf;
use hickory_resolver::{NameServerPool, PoolContext, TlsConfig, TokioResolver};
use tokio::time::Instant;

use super::name::pointers;
use super::{fragment, ordered};
use crate::clock;
use crate::model::{LookupAnswer, Resolver};

/// How often a question is asked again that failed before its time, as at a closed port. A silent server's whole time goes into
/// the first: hickory repeats the datagram within it, and takes an answer to any of them.
const RETRIES: usize = 1;
/// Most servers of a set asked at once. Silent ones would else use up the deadline before the next has its turn; `resolv.conf` names
/// three at most.
const AT_ONCE: usize = 3;
/// Most aliases followed from one name; real ones have three or four.
const ALIAS_LIMIT: usize = 16;

/// One set of DNS servers that stand for each other: the system's, or a single one that the user named.
pub(super) struct Direct {
    resolver: Resolver,
    forward: TokioResolver,
    pool: RetryDnsHandle<NameServerPool<TokioRuntimeProvider>>,
    timeout: Duration,
    /// Domains to try with a name of a single label, in order. Empty for a server that the user named: what to ask it for is
    /// then the user's business.
    search: Vec<Name>,
}

impl Direct {
    /// The servers and the search list that the system is set to; else why they cannot be had.
    pub(super) fn configured(timeout: Duration) -> Result<Self, Box<str>> {
        let (config, options) = read_system_conf().map_err(|error| -> Box<str> {
            format!("the system's DNS settings cannot be read: {error}").into()
        })?;
        let (domain, domains, servers) = config.into_parts();
        if servers.is_empty() {
            return Err("the system's DNS settings name no server".into());
        }
        let search = search_list(domain, domains);
        Self::new(Resolver::Configured, servers, search, options, timeout)
    }

    /// One server, by UDP and TCP.
    pub(super) fn server(address: SocketAddr, timeout: Duration) -> Result<Self, Box<str>> {
        Self::new(
            Resolver::Server(address),
            vec![by_udp_and_tcp(address)],
            Vec::new(),
            ResolverOpts::default(),
            timeout,
        )
    }

    pub(super) fn new(
        resolver: Resolver,
        servers: Vec<NameServerConfig>,
        search: Vec<Name>,
        mut options: ResolverOpts,
        timeout: Duration,
    ) -> Result<Self, Box<str>> {
        options.timeout = timeout;
        options.attempts = RETRIES;
        options.num_concurrent_reqs = servers.len().clamp(1, AT_ONCE);
        // `Names` remembers, and the hosts file is the system resolver's.
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        let provider = TokioRuntimeProvider::default();
        let tls = TlsConfig::new().map_err(|error| fragment(&error))?;
        let context = Arc::new(PoolContext::new(options.clone(), tls));
        let pool = NameServerPool::from_config(servers.clone(), context, provider.clone());
        let config = ResolverConfig::from_name_servers(servers);
        let forward = TokioResolver::builder_with_config(config, provider)
            .with_options(options)
            .build()
            .map_err(|error| fragment(&error))?;
        Ok(Self {
            resolver,
            forward,
            pool: RetryDnsHandle::new(pool, RETRIES),
            timeout,
            search,
        })
    }

    pub(super) fn resolver(&self) -> Resolver {
        self.resolver
    }

    /// The addresses of a name. A single label is tried in each search domain before it is tried alone, a longer name only
    /// as it is: that is what Windows does.
    pub(super) async fn addresses(&self, name: &Name) -> LookupAnswer {
        let domains = if name.num_labels() == 1 {
            self.search.as_slice()
        } else {
            &[]
        };
        // A little before the deadline of the lookup, so that what is known by then is returned.
        let deadline = clock::monotonic() + self.timeout.mul_f64(0.95);
        let mut nothing = LookupAnswer::NxDomain;
        for domain in domains {
            let mut relative = name.clone();
            relative.set_fqdn(false);
            let Ok(mut candidate) = relative.append_domain(domain) else {
                continue;
            };
            candidate.set_fqdn(true);
            // A domain whose servers fail does not keep the next from being tried; that the name is nowhere is then not known.
            match self.exact_addresses(&candidate, deadline).await {
                found @ LookupAnswer::Addresses { .. } => return found,
                answer => nothing = weightier(nothing, answer),
            }
        }
        match self.exact_addresses(name, deadline).await {
            found @ LookupAnswer::Addresses { .. } => found,
            answer => weightier(nothing, answer),
        }
    }

    async fn exact_addresses(&self, name: &Name, deadline: Instant) -> LookupAnswer {
        let (v4, v6) = futures_util::join!(
            self.records(name, RecordType::A),
            self.records(name, RecordType::AAAA)
        );
        let answer = combined(v4, v6);
        // hickory reports a loop as no record, and many servers as a failure.
        if matches!(answer, LookupAnswer::NoData | LookupAnswer::ServFail)
            && tokio::time::timeout_at(deadline, self.has_alias_loop(name)).await == Ok(true)
        {
            return LookupAnswer::AliasLoop;
        }
        answer
    }

    /// Whether the aliases of a name lead back to one of them, or on and on.
    async fn has_alias_loop(&self, name: &Name) -> bool {
        let mut name = name.clone();
        let mut met = Vec::new();
        while met.len() < ALIAS_LIMIT {
            let query = Query::query(name.clone(), RecordType::CNAME);
            let response = self.ask(query).await;
            let alias = response.iter().flat_map(|response| &response.answers);
            let alias = alias.filter(|record| record.name == name);
            let mut alias = alias.filter_map(|record| match &record.data {
                RData::CNAME(alias) => Some(alias.0.clone()),
                _ => None,
            });
            let Some(alias) = alias.next() else {
                return false;
            };
            met.push(std::mem::replace(&mut name, alias));
            if met.contains(&name) {
                return true;
            }
        }
        true
    }

    async fn ask(&self, query: Query) -> Result<DnsResponse, NetError> {
        let options = DnsRequestOptions::default();
        self.pool.lookup(query, options).first_answer().await
    }

    async fn records(&self, name: &Name, kind: RecordType) -> Found {
        let lookup = self
            .forward
            .lookup(name.clone(), kind)
            .await
            .map_err(|error| trouble(&error))?;
        let mut addresses = Vec::new();
        let mut ttl_s = u32::MAX;
        for record in lookup.answers() {
            // An alias on the way limits how long the answer holds, too.
            ttl_s = ttl_s.min(record.ttl);
            addresses.extend(record.data.ip_addr());
        }
        if addresses.is_empty() {
            return Err(LookupAnswer::NoData);
        }
        Ok((addresses, ttl_s))
    }

    /// The names of an address.
    pub(super) async fn names(&self, address: IpAddr) -> LookupAnswer {
        let query = Query::query(Name::from(address), RecordType::PTR);
        let response = match self.ask(query).await {
            Ok(response) => response,
            Err(error) => return trouble(&error),
        };
        let names = pointers(response.answers.iter().filter_map(|record| {
            if let RData::PTR(pointer) = &record.data {
                Some(&pointer.0)
            } else {
                None
            }
        }));
        if names.is_empty() {
            return no_records(response.response_code);
        }
        LookupAnswer::Names { names }
    }
}

pub(super) fn by_udp_and_tcp(address: SocketAddr) -> NameServerConfig {
    let mut server = NameServerConfig::udp_and_tcp(address.ip());
    for connection in &mut server.connections {
        connection.port = address.port();
    }
    server
}

/// Addresses of one family with their time to live, or why there are none.
type Found = Result<(Vec<IpAddr>, u32), LookupAnswer>;

/// One answer from both families: any address is an answer, trouble with either is trouble, and a name that exists for either
/// exists.
fn combined(v4: Found, v6: Found) -> LookupAnswer {
    let (addresses, ttl_s) = match (v4, v6) {
        (Ok((mut addresses, first)), Ok((more, second))) => {
            addresses.extend(more);
            (addresses, first.min(second))
        }
        (Ok(found), Err(_)) | (Err(_), Ok(found)) => found,
        (Err(first), Err(second)) => return weightier(first, second),
    };
    LookupAnswer::Addresses {
        addresses: ordered(addresses),
        ttl_s: Some(ttl_s),
    }
}

/// Of two answers without addresses the one that counts: trouble, a loop of aliases, a name without a record, no such name.
fn weightier(first: LookupAnswer, second: LookupAnswer) -> LookupAnswer {
    let rank = |answer: &LookupAnswer| match answer {
        LookupAnswer::NxDomain => 0,
        LookupAnswer::NoData => 1,
        LookupAnswer::AliasLoop => 2,
        _ => 3,
    };
    if rank(&second) > rank(&first) {
        second
    } else {
        first
    }
}

/// The domains to complete a short name with, each once: the search list, and only without one the machine's own domain. Both
/// glibc and Windows do so.
fn search_list(domain: Option<Name>, domains: Vec<Name>) -> Vec<Name> {
    let mut search: Vec<Name> = Vec::new();
    let mut add = |domain: Name| {
        if !domain.is_root() && !search.contains(&domain) {
            search.push(domain);
        }
    };
    if domains.iter().all(Name::is_root) {
        domain.into_iter().for_each(&mut add);
    }
    domains.into_iter().for_each(&mut add);
    search
}

/// What a lookup that gave no records means.
fn trouble(error: &NetError) -> LookupAnswer {
    match error {
        NetError::Timeout => LookupAnswer::Timeout,
        NetError::Io(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            LookupAnswer::Timeout
        }
        NetError::Io(error) => LookupAnswer::Error {
            detail: fragment(error),
        },
        NetError::Dns(DnsError::NoRecordsFound(none)) => no_records(none.response_code),
        NetError::Dns(DnsError::ResponseCode(code)) => no_records(*code),
        error => LookupAnswer::Error {
            detail: fragment(error),
        },
    }
}

/// What a response code (RFC 1035 4.1.1) means when there are no records with it.
fn no_records(code: ResponseCode) -> LookupAnswer {
    match code {
        ResponseCode::NoError => LookupAnswer::NoData,
        ResponseCode::NXDomain => LookupAnswer::NxDomain,
        ResponseCode::ServFail => LookupAnswer::ServFail,
        ResponseCode::Refused => LookupAnswer::Refused,
        code => LookupAnswer::Error {
            detail: format!("the server answered with code {}", u16::from(code)).into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(address: &str, ttl_s: u32) -> (Vec<IpAddr>, u32) {
        (vec![address.parse().unwrap()], ttl_s)
    }

    #[test]
    fn both_families_are_one_answer() {
        assert_eq!(
            combined(Ok(found("192.0.2.1", 60)), Ok(found("2001:db8::1", 30))),
            LookupAnswer::Addresses {
                addresses: vec!["192.0.2.1".parse().unwrap(), "2001:db8::1".parse().unwrap()],
                ttl_s: Some(30),
            }
        );
    }

    #[test]
    fn an_address_outweighs_trouble_and_trouble_outweighs_absence() {
        use LookupAnswer::{NoData, NxDomain, ServFail, Timeout};

        assert!(
            !combined(Ok(found("192.0.2.1", 60)), Err(Timeout))
                .addresses()
                .is_empty()
        );
        assert_eq!(combined(Err(NoData), Err(ServFail)), ServFail);
        assert_eq!(combined(Err(Timeout), Err(NxDomain)), Timeout);
        assert_eq!(combined(Err(NxDomain), Err(NoData)), NoData);
        assert_eq!(combined(Err(NxDomain), Err(NxDomain)), NxDomain);
    }

    #[test]
    fn a_search_list_takes_the_place_of_the_own_domain() {
        let name = |text: &str| Name::from_ascii(text).unwrap();
        let (own, first, second) = (name("own.example"), name("a.example"), name("b.example"));
        let list = vec![first.clone(), second.clone(), first.clone(), Name::root()];
        assert_eq!(search_list(Some(own.clone()), list), [first, second]);
        assert_eq!(search_list(Some(own.clone()), Vec::new()), [own]);
        assert!(search_list(Some(Name::root()), Vec::new()).is_empty());
    }

    #[test]
    fn an_odd_response_code_is_told() {
        assert_eq!(
            no_records(ResponseCode::NotImp),
            LookupAnswer::Error {
                detail: "the server answered with code 4".into()
            }
        );
    }
}

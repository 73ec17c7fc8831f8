//! The DNS server of a simulated fleet: UDP and TCP on one loopback port, authoritative for every domain.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, PTR};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::accept::accept;
use super::zone::Zone;
use super::{DnsAnswer, SimError};

/// The longest wait for a TCP client.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);
/// TCP clients at once.
const TCP_CLIENTS: usize = 32;
/// The pause after a socket error.
const SOCKET_RETRY: Duration = Duration::from_millis(50);
/// Free ports tried until one is free for both transports.
const PORT_TRIES: u32 = 16;
/// Longest answer over UDP to a client that did not offer more (RFC 1035 section 4.2.1).
const UDP_LIMIT: u16 = 512;

/// Bound, and not yet answering.
pub(super) struct DnsServer {
    udp: UdpSocket,
    tcp: TcpListener,
    address: SocketAddr,
}

impl DnsServer {
    /// Binds a free loopback port for both transports.
    pub(super) async fn bind() -> Result<Self, SimError> {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let bind_error = |address| move |source| SimError::Bind { address, source };
        let mut last = None;
        for _ in 0..PORT_TRIES {
            let udp = UdpSocket::bind(any).await.map_err(bind_error(any))?;
            let address = udp.local_addr().map_err(bind_error(any))?;
            match TcpListener::bind(address).await {
                Ok(tcp) => return Ok(Self { udp, tcp, address }),
                Err(error) => last = Some(bind_error(address)(error)),
            }
        }
        Err(last.unwrap_or(SimError::NoFreePort { tried: PORT_TRIES }))
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    pub(super) async fn serve(self, zone: Arc<Zone>, stop: CancellationToken) {
        let (udp, tcp) = (self.udp, self.tcp);
        tokio::select! {
            () = stop.cancelled() => {}
            () = serve_udp(udp, &zone) => {}
            () = accept(tcp, TCP_CLIENTS, |stream| serve_client(stream, Arc::clone(&zone))) => {}
        }
    }
}

async fn serve_udp(socket: UdpSocket, zone: &Zone) {
    let mut buffer = [0_u8; 4096];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut buffer).await else {
            // Windows reports the "port unreachable" of an earlier answer here.
            tokio::time::sleep(SOCKET_RETRY).await;
            continue;
        };
        let Some(response) = buffer
            .get(..length)
            .and_then(|bytes| respond(bytes, zone, true))
        else {
            continue;
        };
        if let Err(error) = socket.send_to(&response, from).await {
            tracing::debug!(%error, %from, "DNS answer not sent");
        }
    }
}

async fn serve_client(stream: TcpStream, zone: Arc<Zone>) {
    if let Err(error) = answer_client(stream, &zone).await {
        tracing::debug!(%error, "DNS client over TCP ended");
    }
}

/// Messages over TCP are preceded by their length in two bytes (RFC 1035 section 4.2.2).
async fn answer_client(mut stream: TcpStream, zone: &Zone) -> io::Result<()> {
    loop {
        let length = timeout(TCP_TIMEOUT, stream.read_u16()).await??;
        let mut message = vec![0; usize::from(length)];
        timeout(TCP_TIMEOUT, stream.read_exact(&mut message)).await??;
        let Some(response) = respond(&message, zone, false) else {
            continue;
        };
        let Ok(length) = u16::try_from(response.len()) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        let framed = [length.to_be_bytes().as_slice(), &response].concat();
        timeout(TCP_TIMEOUT, stream.write_all(&framed)).await??;
    }
}

/// `None` sends no answer.
fn respond(bytes: &[u8], zone: &Zone, datagram: bool) -> Option<Vec<u8>> {
    let request = Message::from_vec(bytes).ok()?;
    let query = request.queries.first()?;
    if request.metadata.message_type != MessageType::Query {
        return None;
    }
    let mut response = Message::new(request.metadata.id, MessageType::Response, OpCode::Query);
    response.metadata.recursion_desired = request.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    response.metadata.authoritative = true;
    response.add_query(query.clone());
    match answer(query, zone) {
        Ok(records) => {
            response.add_answers(records);
        }
        Err(DnsAnswer::Silent) => return None,
        Err(DnsAnswer::NoData) => {}
        Err(DnsAnswer::Nxdomain) => response.metadata.response_code = ResponseCode::NXDomain,
        Err(DnsAnswer::Servfail) => response.metadata.response_code = ResponseCode::ServFail,
        Err(DnsAnswer::Refused) => response.metadata.response_code = ResponseCode::Refused,
    }
    let encoded = response.to_vec().ok()?;
    let limit = request.max_payload().max(UDP_LIMIT);
    if datagram && encoded.len() > usize::from(limit) {
        return response.truncate().to_vec().ok();
    }
    Some(encoded)
}

fn answer(query: &Query, zone: &Zone) -> Result<Vec<Record>, DnsAnswer> {
    let name = query.name();
    if let Ok(net) = name.parse_arpa_name() {
        return match zone.reverse(net.addr()) {
            None => Err(DnsAnswer::Nxdomain),
            Some(Err(failure)) => Err(*failure),
            Some(Ok(names)) if query.query_type() == RecordType::PTR => Ok(names
                .iter()
                .filter_map(|target| Name::from_ascii(format!("{target}.")).ok())
                .map(|target| Record::from_rdata(name.clone(), 1200, RData::PTR(PTR(target))))
                .collect()),
            Some(Ok(_)) => Ok(Vec::new()),
        };
    }
    match zone.forward(&name.to_ascii()) {
        None => Err(DnsAnswer::Nxdomain),
        Some(Err(failure)) => Err(*failure),
        Some(Ok((addresses, ttl))) => Ok(addresses
            .iter()
            .filter_map(|address| match (address, query.query_type()) {
                (std::net::IpAddr::V4(v4), RecordType::A) => Some(RData::A(A(*v4))),
                (std::net::IpAddr::V6(v6), RecordType::AAAA) => Some(RData::AAAA(AAAA(*v6))),
                _ => None,
            })
            .map(|data| Record::from_rdata(name.clone(), *ttl, data))
            .collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Scenario;

    const TEXT: &str = r#"
        title = "t"
        [[host]]
        address = 1
        names = ["a.example"]
        [[dns]]
        name = "both.example"
        addresses = [1, "::1"]
        [[dns]]
        name = "down.example"
        answer = "servfail"
        [[dns]]
        name = "mute.example"
        answer = "silent"
    "#;

    fn ask(name: &str, kind: RecordType) -> Option<Message> {
        let zone = Zone::of(&Scenario::from_toml(TEXT).unwrap(), |address| address);
        let mut request = Message::query();
        request.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        let response = respond(&request.to_vec().unwrap(), &zone, true)?;
        let response = Message::from_vec(&response).unwrap();
        assert_eq!(response.metadata.id, request.metadata.id);
        Some(response)
    }

    fn data(name: &str, kind: RecordType) -> Vec<String> {
        ask(name, kind)
            .unwrap()
            .answers
            .iter()
            .map(|record| record.data.to_string())
            .collect()
    }

    fn code(name: &str, kind: RecordType) -> ResponseCode {
        ask(name, kind).unwrap().metadata.response_code
    }

    #[test]
    fn addresses_come_by_family() {
        assert_eq!(data("both.example.", RecordType::A), ["127.77.0.1"]);
        assert_eq!(data("both.example.", RecordType::AAAA), ["::1"]);
    }

    #[test]
    fn a_name_without_a_record_of_the_kind_is_no_data() {
        assert_eq!(data("a.example.", RecordType::AAAA), [""; 0]);
        assert_eq!(code("a.example.", RecordType::AAAA), ResponseCode::NoError);
    }

    #[test]
    fn reverse_names_are_given() {
        assert_eq!(
            data("1.0.77.127.in-addr.arpa.", RecordType::PTR),
            ["a.example."]
        );
        assert_eq!(
            code("9.0.77.127.in-addr.arpa.", RecordType::PTR),
            ResponseCode::NXDomain
        );
    }

    #[test]
    fn trouble_is_simulated() {
        assert_eq!(code("no.example.", RecordType::A), ResponseCode::NXDomain);
        assert_eq!(code("down.example.", RecordType::A), ResponseCode::ServFail);
        assert!(ask("mute.example.", RecordType::A).is_none());
    }

    #[test]
    fn noise_stays_unanswered() {
        assert_eq!(respond(&[1, 2, 3], &Zone::default(), true), None);
    }

    #[tokio::test]
    async fn tcp_answers_as_udp_does() {
        let server = DnsServer::bind().await.unwrap();
        let address = server.address();
        let zone = Arc::new(Zone::of(&Scenario::from_toml(TEXT).unwrap(), |address| {
            address
        }));
        let stop = CancellationToken::new();
        let task = tokio::spawn(server.serve(zone, stop.clone()));
        let mut request = Message::query();
        request.add_query(Query::query(
            Name::from_ascii("a.example.").unwrap(),
            RecordType::A,
        ));
        let bytes = request.to_vec().unwrap();

        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        udp.send_to(&bytes, address).await.unwrap();
        let mut datagram = vec![0; 512];
        let length = udp.recv(&mut datagram).await.unwrap();

        let mut stream = TcpStream::connect(address).await.unwrap();
        let length_of = u16::try_from(bytes.len()).unwrap();
        stream.write_u16(length_of).await.unwrap();
        stream.write_all(&bytes).await.unwrap();
        let framed = stream.read_u16().await.unwrap();
        let mut over_tcp = vec![0; usize::from(framed)];
        stream.read_exact(&mut over_tcp).await.unwrap();

        assert_eq!(datagram[..length], over_tcp);
        stop.cancel();
        task.await.unwrap();
    }
}

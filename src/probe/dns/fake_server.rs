//! A DNS server on loopback that behaves as the first label of the name asked says.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hickory_resolver::proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, CNAME, PTR};
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::task::JoinSet;

/// How long `slow` takes to answer.
pub(super) const SLOW: Duration = Duration::from_millis(1600);

/// The names asked by UDP, one for each question.
type Questions = Arc<Mutex<Vec<String>>>;

pub(super) struct FakeServer {
    pub(super) address: SocketAddr,
    questions: Questions,
    _tasks: JoinSet<()>,
}

impl FakeServer {
    pub(super) async fn start() -> Self {
        let (udp, tcp) = same_port().await;
        let address = udp.local_addr().unwrap();
        let questions = Questions::default();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve_udp(udp, questions.clone()));
        tasks.spawn(serve_tcp(tcp));
        Self {
            address,
            questions,
            _tasks: tasks,
        }
    }

    /// How many questions came by UDP.
    pub(super) fn questions(&self) -> usize {
        self.questions.lock().unwrap().len()
    }

    /// The distinct names asked by UDP, in order of the alphabet.
    pub(super) fn names(&self) -> Vec<String> {
        let names: BTreeSet<String> = self.questions.lock().unwrap().iter().cloned().collect();
        names.into_iter().collect()
    }
}

async fn same_port() -> (UdpSocket, TcpListener) {
    loop {
        let udp = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        if let Ok(tcp) = TcpListener::bind(udp.local_addr().unwrap()).await {
            return (udp, tcp);
        }
    }
}

async fn serve_udp(socket: UdpSocket, questions: Questions) {
    let socket = Arc::new(socket);
    let mut late = JoinSet::new();
    let mut buffer = vec![0; 4096];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        let request = Message::from_vec(&buffer[..length]).unwrap();
        let name = request.queries[0].name().to_ascii();
        let delay = if name.starts_with("slow.") {
            SLOW
        } else {
            Duration::ZERO
        };
        questions.lock().unwrap().push(name);
        let socket = socket.clone();
        let answer = async move {
            for reply in replies(&request, false) {
                // Nobody may be there any more.
                socket.send_to(&reply.to_vec().unwrap(), from).await.ok();
            }
        };
        if delay.is_zero() {
            answer.await;
        } else {
            late.spawn(async move {
                tokio::time::sleep(delay).await;
                answer.await;
            });
        }
    }
}

async fn serve_tcp(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        // One client at a time is enough here.
        answer_tcp(stream).await.ok();
    }
}

async fn answer_tcp(mut stream: TcpStream) -> std::io::Result<()> {
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    let request = Message::from_vec(&bytes).unwrap();
    for reply in replies(&request, true) {
        let bytes = reply.to_vec().unwrap();
        stream
            .write_u16(u16::try_from(bytes.len()).unwrap())
            .await?;
        stream.write_all(&bytes).await?;
    }
    Ok(())
}

fn replies(request: &Message, tcp: bool) -> Vec<Message> {
    let query = request.queries[0].clone();
    let first = query.name().iter().next().unwrap_or_default();
    let label = String::from_utf8(first.to_vec()).unwrap();
    let mut reply = Message::response(request.metadata.id, OpCode::Query);
    reply.add_query(query.clone());
    match (label.as_str(), query.query_type()) {
        ("silent", _) | ("8", RecordType::PTR) => return Vec::new(),
        ("nx", _) | ("7", RecordType::PTR) => reply.metadata.response_code = ResponseCode::NXDomain,
        ("fail", _) | ("half" | "lame", RecordType::AAAA) => {
            reply.metadata.response_code = ResponseCode::ServFail;
        }
        ("refuse", _) => reply.metadata.response_code = ResponseCode::Refused,
        ("liar", _) => reply.metadata.id ^= 1,
        ("forger", _) => {
            let other = Name::from_ascii("other.corp.example.").unwrap();
            reply.queries = vec![Query::query(other, query.query_type())];
        }
        ("large", _) if !tcp => reply.metadata.truncation = true,
        ("alias", kind) => {
            let target = Name::from_ascii("srv05.corp.example.").unwrap();
            reply.add_answer(Record::from_rdata(
                query.name().clone(),
                7,
                RData::CNAME(CNAME(target.clone())),
            ));
            add_address(&mut reply, &target, kind);
        }
        ("dangling", _) => add_alias(&mut reply, "nx.corp.example."),
        ("loop", _) => add_alias(&mut reply, "back.corp.example."),
        ("back", _) => add_alias(&mut reply, "LOOP.corp.example."),
        // The server sees the loop itself, and fails; it has the alias all the same.
        ("caught", RecordType::CNAME) => add_alias(&mut reply, "caught.corp.example."),
        ("caught", _) => reply.metadata.response_code = ResponseCode::ServFail,
        (chain, _) if chain.starts_with("chain") => {
            let next = chain["chain".len()..].parse::<u32>().unwrap_or_default() + 1;
            add_alias(&mut reply, &format!("chain{next}.corp.example."));
        }
        ("srv05" | "half" | "large" | "slow", kind) => add_address(&mut reply, query.name(), kind),
        ("5", RecordType::PTR) => add_pointer(&mut reply, "Host5.Corp.Example."),
        ("6", RecordType::PTR) => {
            for index in 0..20 {
                add_pointer(&mut reply, &format!("host{index}.corp.example."));
            }
        }
        _ => {}
    }
    vec![reply]
}

fn add_address(reply: &mut Message, name: &Name, kind: RecordType) {
    let data = match kind {
        RecordType::A => (60, RData::A(A::new(192, 0, 2, 1))),
        RecordType::AAAA => (30, RData::AAAA(AAAA::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1))),
        _ => return,
    };
    reply.add_answer(Record::from_rdata(name.clone(), data.0, data.1));
}

fn add_alias(reply: &mut Message, target: &str) {
    let owner = reply.queries[0].name().clone();
    let target = Name::from_ascii(target).unwrap();
    reply.add_answer(Record::from_rdata(owner, 7, RData::CNAME(CNAME(target))));
}

fn add_pointer(reply: &mut Message, name: &str) {
    let owner = reply.queries[0].name().clone();
    let name = Name::from_ascii(name).unwrap();
    reply.add_answer(Record::from_rdata(owner, 60, RData::PTR(PTR(name))));
}

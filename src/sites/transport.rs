//! The connection to NATS, and the two streams.

use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::stream::{self, DiscardPolicy, RetentionPolicy, StorageType};
use async_nats::jetstream::{self, Context};
use async_nats::{Client, ConnectOptions, HeaderMap, Subscriber, header};
use tokio::time::timeout;

use super::ledger::MOST_DELIVERIES;
use super::server::{LogOn, Server};
use super::subjects;
use crate::model::{EVENT_SCHEMA, ScanId, Site};

/// How long the server may take for one answer.
pub(super) const ANSWER: Duration = Duration::from_secs(5);
/// The shortest limit for messages that a server may have: a shard with its excludes is one message.
const SMALLEST_PAYLOAD: usize = 512 << 10;
/// Messages that are read ahead.
const AHEAD: usize = 32;
/// Messages are kept no longer, whatever becomes of their coordinator.
const KEPT: Duration = Duration::from_secs(24 * 60 * 60);
/// Bytes of the stream of work: the shards that are given out are few.
const WORK_BYTES: i64 = 256 << 20;
/// Bytes of the stream of events, until a coordinator has read them.
const EVENT_BYTES: i64 = 1 << 30;
/// A secret is no longer.
const LONGEST_SECRET: u64 = 64 << 10;
/// The header that names the form of a message.
const SCHEMA: &str = "Rdpscan-Schema";

/// Why NATS cannot be used. The server's address is in it.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    #[error(
        "cannot connect to {url}: {reason}; check the address, the server and how to log on there"
    )]
    Connect { url: String, reason: String },
    #[error("cannot read `{path}`: {cause}; check the path and who may read it")]
    Secret { path: String, cause: std::io::Error },
    #[error(
        "{url} cannot keep the scan: {reason}; start it with JetStream (-js), and let this user make the streams {work} and {events}",
        work = subjects::WORK,
        events = subjects::EVENTS
    )]
    Streams { url: String, reason: String },
    #[error(
        "{url} takes messages of up to {most} bytes only; set max_payload of the server to 1MB"
    )]
    Payload { url: String, most: usize },
}

/// A connection to a NATS server with `JetStream`. It comes back by itself.
#[derive(Debug, Clone)]
pub struct Transport {
    url: String,
    pub(super) client: Client,
    pub(super) context: Context,
}

impl Transport {
    /// Connects for a scan, or as a worker of a site.
    ///
    /// # Errors
    /// The server cannot be reached, or does not let this user in.
    pub async fn connect(
        server: &Server,
        worker_of: Option<&Site>,
    ) -> Result<Self, TransportError> {
        let url = server.url.to_string();
        let failed = |reason: String| TransportError::Connect {
            url: url.clone(),
            reason,
        };
        let mut options = ConnectOptions::new()
            .name(worker_of.map_or("rdpscan".to_owned(), |site| {
                format!("rdpscan worker {site}")
            }))
            .custom_inbox_prefix(subjects::inbox(worker_of))
            .connection_timeout(ANSWER)
            .request_timeout(Some(ANSWER));
        options = match &server.log_on {
            LogOn::Anonymous => options,
            LogOn::User {
                name,
                password_file,
            } => options.user_and_password(name.clone(), secret(password_file)?),
            LogOn::NKey(path) => options.nkey(secret(path)?),
            LogOn::Credentials(path) => options
                // The client looks for the end of the last line.
                .credentials(&(secret(path)? + "\n"))
                .map_err(|error| failed(error.to_string()))?,
        };
        if server.url.is_tls() {
            options = options.require_tls(true);
        }
        if let Some(path) = &server.ca_file {
            options = options.add_root_certificates(path.clone());
        }
        let connecting = timeout(2 * ANSWER, options.connect(server.url.as_str()));
        let client = match connecting.await {
            Ok(Ok(client)) => client,
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("no answer".to_owned())),
        };
        let most = client.max_payload();
        if most < SMALLEST_PAYLOAD {
            return Err(TransportError::Payload { url, most });
        }
        let mut context = jetstream::new(client.clone());
        context.set_timeout(ANSWER);
        Ok(Self {
            url,
            client,
            context,
        })
    }

    /// Makes the streams and the consumers of these sites, where they are not there yet.
    ///
    /// # Errors
    /// The server has no `JetStream`, no room, or does not let this user make them.
    pub async fn prepare(&self, sites: &[Site], ack_wait: Duration) -> Result<(), TransportError> {
        let failed = |reason: String| TransportError::Streams {
            url: self.url.clone(),
            reason,
        };
        let work = stream::Config {
            name: subjects::WORK.to_owned(),
            subjects: vec![subjects::ALL_WORK.to_owned()],
            retention: RetentionPolicy::WorkQueue,
            max_bytes: WORK_BYTES,
            ..kept()
        };
        let events = stream::Config {
            name: subjects::EVENTS.to_owned(),
            subjects: vec![subjects::ALL_EVENTS.to_owned()],
            max_bytes: EVENT_BYTES,
            ..kept()
        };
        let made = self.context.get_or_create_stream(work).await;
        let work = made.map_err(|error| failed(error.to_string()))?;
        let made = self.context.get_or_create_stream(events).await;
        made.map_err(|error| failed(error.to_string()))?;
        for site in sites {
            let consumer = pull::Config {
                durable_name: Some(subjects::consumer(site)),
                filter_subject: subjects::work_of(site),
                ack_policy: AckPolicy::Explicit,
                ack_wait,
                max_deliver: MOST_DELIVERIES.into(),
                ..pull::Config::default()
            };
            let made = work.create_consumer(consumer).await;
            made.map_err(|error| failed(error.to_string()))?;
        }
        Ok(())
    }

    pub(super) fn is_connected(&self) -> bool {
        self.client.connection_state() == async_nats::connection::State::Connected
    }

    /// What is published under a subject; `None` when NATS takes no subscription.
    pub(super) async fn subscribe(&self, subject: String) -> Option<Subscriber> {
        let subscribed = timeout(ANSWER, self.client.subscribe(subject)).await;
        subscribed.ok()?.ok()
    }

    /// Publishes into a stream, once for each `id`, and waits until it is stored. Returns its place.
    pub(super) async fn store(
        &self,
        subject: String,
        id: &str,
        payload: Vec<u8>,
    ) -> Result<u64, String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::NATS_MESSAGE_ID, id);
        headers.insert(SCHEMA, EVENT_SCHEMA);
        let stored = async {
            let sent = self
                .context
                .publish_with_headers(subject, headers, payload.into());
            sent.await?.await
        };
        match timeout(ANSWER, stored).await {
            Ok(Ok(ack)) => Ok(ack.sequence),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no answer".to_owned()),
        }
    }

    /// The events of a scan from this place of the stream on, and how many of them wait.
    pub(super) async fn events_from(
        &self,
        scan: ScanId,
        place: u64,
    ) -> Result<(u64, pull::Stream), String> {
        let config = pull::Config {
            filter_subject: subjects::events_of(scan),
            ack_policy: AckPolicy::None,
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: place.max(1),
            },
            inactive_threshold: Duration::from_secs(300),
            memory_storage: true,
            ..pull::Config::default()
        };
        let consumer = self
            .context
            .create_consumer_on_stream(config, subjects::EVENTS);
        let consumer = consumer.await.map_err(|error| error.to_string())?;
        let waiting = consumer.cached_info().num_pending;
        let messages = consumer.stream().max_messages_per_batch(AHEAD);
        let messages = messages.heartbeat(Duration::from_secs(5));
        let messages = messages.expires(Duration::from_secs(15)).messages();
        let messages = messages.await.map_err(|error| error.to_string())?;
        Ok((waiting, messages))
    }

    /// Deletes the events of a scan, once all of them are kept elsewhere.
    pub async fn forget(&self, scan: ScanId) {
        // Without a connection age deletes them.
        if self.is_connected() {
            self.delete_events(scan, None).await;
        }
    }

    /// Deletes the events of a scan up to a place.
    pub(super) async fn delete_events(&self, scan: ScanId, below: Option<u64>) {
        let purging = async {
            let stream = self.context.get_stream_no_info(subjects::EVENTS).await;
            let stream = stream.map_err(|error| error.to_string())?;
            let purge = stream.purge().filter(subjects::events_of(scan));
            let purged = match below {
                Some(place) => purge.sequence(place).await,
                None => purge.await,
            };
            purged.map_err(|error| error.to_string())
        };
        // What stays is deleted with age.
        if let Ok(Err(error)) = timeout(ANSWER, purging).await {
            tracing::warn!(%error, "What was read is not deleted from NATS yet");
        }
    }

    /// Deletes the shards of a scan that wait, one by one: a purge by subject makes a server of version 2.9 pass over the shards of all
    /// other scans, too.
    pub(super) async fn delete_work(&self, subject: &str) {
        let Ok(stream) = self.context.get_stream_no_info(subjects::WORK).await else {
            return;
        };
        while let Ok(message) = stream.get_last_raw_message_by_subject(subject).await
            && let Ok(true) = stream.delete_message(message.sequence).await
        {}
    }
}

/// The form that a message says it has.
pub(super) fn schema_of(headers: Option<&HeaderMap>) -> &str {
    let value = headers.and_then(|headers| headers.get(SCHEMA));
    value.map_or("", |value| value.as_str())
}

fn kept() -> stream::Config {
    stream::Config {
        // A publisher waits, rather than that something is lost.
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        max_age: KEPT,
        ..stream::Config::default()
    }
}

/// A secret of one line, or a file of credentials.
fn secret(path: &Path) -> Result<String, TransportError> {
    use std::io::Read as _;
    let mut text = String::new();
    let read = std::fs::File::open(path)
        .and_then(|file| file.take(LONGEST_SECRET).read_to_string(&mut text));
    match read {
        Ok(_) => Ok(text.trim().to_owned()),
        Err(cause) => Err(TransportError::Secret {
            path: path.to_string_lossy().into_owned(),
            cause,
        }),
    }
}

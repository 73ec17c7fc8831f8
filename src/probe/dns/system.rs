//! The operating system's resolver: what mstsc asks.

use std::io;
use std::net::{IpAddr, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};

use super::{fragment, ordered};
use crate::clock;
use crate::model::LookupAnswer;

/// Most calls of the operating system's resolver under way at once; each holds a thread until the system lets it go.
const CALL_LIMIT: usize = 32;
/// Stack of such a thread. getaddrinfo runs foreign modules (NSS), which are not frugal.
const STACK_BYTES: usize = 512 * 1024;

/// Calls of the operating system's resolver, in threads of their own.
///
/// Not the runtime's blocking threads: a call cannot be cancelled, and the runtime waits for its threads when it ends, so that a
/// dead resolver would hold up the end of a scan.
pub(super) struct System {
    permits: Arc<Semaphore>,
    timeout: Duration,
}

impl System {
    pub(super) fn new(timeout: Duration) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(CALL_LIMIT)),
            timeout,
        }
    }

    /// The addresses of a name, with everything the system does on the way: hosts file, search list, policy, cache.
    pub(super) async fn addresses(&self, name: &str) -> LookupAnswer {
        // Threads are short only when the system does not come back from earlier calls: that is no reason to wait longer.
        let deadline = clock::monotonic() + self.timeout;
        let waiting = self.permits.clone().acquire_owned();
        let Ok(Ok(permit)) = tokio::time::timeout_at(deadline, waiting).await else {
            return LookupAnswer::Timeout;
        };
        let name = name.to_owned();
        let (tell, told) = oneshot::channel();
        let started = thread::Builder::new()
            .name(String::from("resolver"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let found = (name.as_str(), 0)
                    .to_socket_addrs()
                    .map(|found| ordered(found.map(|address| address.ip())));
                drop(permit);
                // Nobody listens any more after the deadline.
                tell.send(found).ok();
            });
        if let Err(error) = started {
            return LookupAnswer::Error {
                detail: fragment(&error),
            };
        }
        match tokio::time::timeout_at(deadline, told).await {
            Ok(Ok(found)) => answer(found),
            Ok(Err(_)) => LookupAnswer::Error {
                detail: "the system resolver's thread ended without an answer".into(),
            },
            Err(_) => LookupAnswer::Timeout,
        }
    }
}

fn answer(found: io::Result<Vec<IpAddr>>) -> LookupAnswer {
    match found {
        Ok(addresses) if addresses.is_empty() => LookupAnswer::NotFound,
        Ok(addresses) => LookupAnswer::Addresses {
            addresses,
            ttl_s: None,
        },
        Err(error) if says_not_found(&error) => LookupAnswer::NotFound,
        Err(error) => LookupAnswer::Error {
            detail: fragment(&error),
        },
    }
}

/// Whether the system means "no such name or no address", rather than trouble.
///
/// On Unix the standard library keeps only the text of getaddrinfo's code, which is in English as long as the program does not
/// call setlocale: `EAI_NONAME`, `EAI_NODATA` and `EAI_ADDRFAMILY` of glibc, then musl's, then those of macOS and the BSDs.
fn says_not_found(error: &io::Error) -> bool {
    /// Winsock: no such host, and no data of the wanted kind.
    const WSAHOST_NOT_FOUND: i32 = 11001;
    const WSANO_DATA: i32 = 11004;
    const WORDS: [&str; 7] = [
        "Name or service not known",
        "No address associated with",
        "Address family for hostname not supported",
        "Name does not resolve",
        "Name has no usable address",
        "nodename nor servname provided",
        "hostname nor servname provided",
    ];

    if let Some(code) = error.raw_os_error() {
        return matches!(code, WSAHOST_NOT_FOUND | WSANO_DATA);
    }
    let text = error.to_string();
    WORDS.iter().any(|words| text.contains(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn localhost_is_known_without_any_server() {
        let system = System::new(Duration::from_secs(5));
        let answer = system.addresses("localhost").await;
        assert!(
            answer.addresses().iter().any(IpAddr::is_loopback),
            "{answer:?}"
        );
    }

    #[tokio::test]
    async fn a_call_that_finds_no_thread_in_time_is_unanswered() {
        let system = System::new(Duration::from_millis(10));
        let held = system
            .permits
            .clone()
            .acquire_many_owned(u32::try_from(CALL_LIMIT).unwrap())
            .await
            .unwrap();
        assert_eq!(system.addresses("localhost").await, LookupAnswer::Timeout);
        drop(held);
    }

    #[test]
    fn missing_and_trouble_are_told_apart_by_the_systems_words() {
        let prefix = "failed to lookup address information: ";
        for words in [
            "Name or service not known",
            "No address associated with hostname",
            "nodename nor servname provided, or not known",
        ] {
            let error = io::Error::other(format!("{prefix}{words}"));
            assert_eq!(answer(Err(error)), LookupAnswer::NotFound, "{words}");
        }
        let error = io::Error::other(format!("{prefix}Temporary failure in name resolution"));
        assert!(answer(Err(error)).is_resolver_trouble());
    }

    #[test]
    #[cfg(windows)]
    fn winsock_codes_are_told_apart() {
        for (code, missing) in [(11001, true), (11004, true), (11002, false), (11003, false)] {
            let error = io::Error::from_raw_os_error(code);
            assert_eq!(answer(Err(error)).is_missing(), missing, "{code}");
        }
    }
}

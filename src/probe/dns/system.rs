//! The operating system's resolver: what mstsc asks.

use std::net::IpAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dns_lookup::{AddrInfoHints, LookupError, LookupErrorKind, SockType, getaddrinfo};
use tokio::sync::{Semaphore, oneshot};

use super::{fragment, ordered};
use crate::clock;
use crate::model::LookupAnswer;

/// Limit for calls of the operating system's resolver in flight; each holds a thread until the system returns.
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
        let (tell, answered) = oneshot::channel();
        let started = thread::Builder::new()
            .name(String::from("resolver"))
            .stack_size(STACK_BYTES)
            .spawn(move || {
                let found = look_up(&name);
                drop(permit);
                // The receiver is gone after the deadline.
                tell.send(found).ok();
            });
        if let Err(error) = started {
            return LookupAnswer::Error {
                detail: fragment(&error),
            };
        }
        match tokio::time::timeout_at(deadline, answered).await {
            Ok(Ok(found)) => answer(found),
            Ok(Err(_)) => LookupAnswer::Error {
                detail: "the system resolver's thread ended without an answer".into(),
            },
            Err(_) => LookupAnswer::Timeout,
        }
    }
}

fn look_up(name: &str) -> Result<Vec<IpAddr>, LookupError> {
    // One kind of socket, or every address comes once for each.
    let hints = AddrInfoHints {
        socktype: SockType::Stream.into(),
        ..AddrInfoHints::default()
    };
    let found = getaddrinfo(Some(name), None, Some(hints))?;
    // What is of another family than IP is no address for us.
    Ok(ordered(found.flatten().map(|found| found.sockaddr.ip())))
}

fn answer(found: Result<Vec<IpAddr>, LookupError>) -> LookupAnswer {
    match found {
        Ok(addresses) if addresses.is_empty() => LookupAnswer::NotFound,
        Ok(addresses) => LookupAnswer::Addresses {
            addresses,
            ttl_s: None,
        },
        // EAI_NONAME and EAI_NODATA, WSAHOST_NOT_FOUND and WSANO_DATA: no such name or no address, and no trouble.
        Err(error)
            if matches!(
                error.kind(),
                LookupErrorKind::NoName | LookupErrorKind::NoData
            ) =>
        {
            LookupAnswer::NotFound
        }
        Err(error) => LookupAnswer::Error {
            detail: fragment(&error),
        },
    }
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
    #[cfg(target_os = "linux")]
    fn missing_and_trouble_are_told_apart_by_the_systems_codes() {
        let of = |code| answer(Err(LookupError::new(code)));
        assert_eq!(of(libc::EAI_NONAME), LookupAnswer::NotFound);
        for trouble in [libc::EAI_AGAIN, libc::EAI_FAIL, libc::EAI_MEMORY] {
            assert!(of(trouble).is_resolver_trouble(), "{trouble}");
        }
    }

    #[test]
    #[cfg(windows)]
    fn missing_and_trouble_are_told_apart_by_the_systems_codes() {
        for (code, missing) in [(11001, true), (11004, true), (11002, false), (11003, false)] {
            let answer = answer(Err(LookupError::new(code)));
            assert_eq!(answer.is_missing(), missing, "{code}");
        }
    }
}

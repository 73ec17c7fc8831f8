//! Which NATS server, and how to log on there. Nothing secret stands in it before it is used.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::targets::Refusal;

/// The address of a NATS server, as `nats://10.0.0.5:4222` or `tls://nats.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerUrl {
    url: String,
    is_tls: bool,
    is_loopback: bool,
}

impl ServerUrl {
    /// Reads an address; without a scheme it is `nats://`.
    ///
    /// # Errors
    /// It is none, or there is a password in it.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        const FORM: &str = "write it as nats://127.0.0.1:4222 or tls://nats.example:4222";
        let text = text.trim();
        let (scheme, rest) = text.split_once("://").unwrap_or(("nats", text));
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let is_tls = match scheme.to_ascii_lowercase().as_str() {
            "nats" => false,
            "tls" => true,
            _ => return Err(Refusal::new("neither nats:// nor tls://", FORM)),
        };
        if rest.contains('@') {
            return Err(Refusal::new(
                "a user or password in the address can be seen by others",
                "use nats.user with nats.password_file, nats.nkey_file or nats.credentials_file",
            ));
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !host.ends_with(':') && !port.ends_with(']') => (host, port),
            _ => (rest, "4222"),
        };
        let is_name = |text: &str| {
            let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
            !text.is_empty() && text.len() <= 253 && text.chars().all(plain)
        };
        let bare = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let address = bare.unwrap_or(host).parse::<IpAddr>().ok();
        let is_right = address.is_some() || (bare.is_none() && is_name(host));
        if !is_right || port.parse::<u16>().ok().is_none_or(|port| port == 0) {
            return Err(Refusal::new("not the address of a NATS server", FORM));
        }
        let host = match address {
            Some(IpAddr::V6(v6)) => format!("[{v6}]"),
            _ => host.to_owned(),
        };
        Ok(Self {
            url: format!("{}://{host}:{port}", if is_tls { "tls" } else { "nats" }),
            is_tls,
            is_loopback: address.is_some_and(|address| address.to_canonical().is_loopback())
                || host.eq_ignore_ascii_case("localhost"),
        })
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// What is sent there can be read on the way.
    #[must_use]
    pub const fn is_exposed(&self) -> bool {
        !self.is_tls && !self.is_loopback
    }

    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.url)
    }
}

/// How to log on. Secrets are read from their files when the connection is made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum LogOn {
    #[default]
    Anonymous,
    User {
        name: String,
        password_file: PathBuf,
    },
    /// A file with the seed of an `NKey`.
    NKey(PathBuf),
    /// A `.creds` file, as `nsc` writes it.
    Credentials(PathBuf),
}

/// A server, and all that is needed to connect to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    pub url: ServerUrl,
    pub log_on: LogOn,
    /// Certificates of the authorities that are trusted in place of this machine's.
    pub ca_file: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_in_every_form() {
        for (text, url, exposed) in [
            ("127.0.0.1", "nats://127.0.0.1:4222", false),
            ("nats://localhost:14222/", "nats://localhost:14222", false),
            ("[::1]:4333", "nats://[::1]:4333", false),
            ("nats://10.0.0.5", "nats://10.0.0.5:4222", true),
            ("tls://nats.example", "tls://nats.example:4222", false),
            (
                "localhost.evil.example",
                "nats://localhost.evil.example:4222",
                true,
            ),
        ] {
            let read = ServerUrl::parse(text).unwrap();
            assert_eq!((read.as_str(), read.is_exposed()), (url, exposed));
        }
        for text in [
            "",
            "http://nats.example",
            "nats://me:secret@nats.example",
            "nats.example:0",
            "nats.example:port",
            "nats example",
            "nats://",
            "[::1",
        ] {
            assert!(ServerUrl::parse(text).is_err(), "{text}");
        }
    }
}

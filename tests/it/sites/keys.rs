//! Keys (`nkeys`) and credentials, as `nsc` makes them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{Ed25519KeyPair, KeyPair as _};
use serde_json::json;

/// What a key is for: the byte that makes the first letter of its text.
#[derive(Clone, Copy)]
pub(super) enum Role {
    Operator = 14 << 3,
    Account = 0,
    User = 20 << 3,
}

pub(super) struct Key {
    seed: [u8; 32],
    role: Role,
}

impl Key {
    pub(super) fn new(role: Role) -> Self {
        let mut seed = [0; 32];
        SystemRandom::new().fill(&mut seed).unwrap();
        Self { seed, role }
    }

    fn pair(&self) -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&self.seed).unwrap()
    }

    pub(super) fn public(&self) -> String {
        let pair = self.pair();
        text(&[&[self.role as u8], pair.public_key().as_ref()].concat())
    }

    pub(super) fn seed(&self) -> String {
        const SEED: u8 = 18 << 3;
        let role = self.role as u8;
        text(&[&[SEED | (role >> 5), (role & 31) << 3][..], &self.seed].concat())
    }

    /// A token that says something of another key.
    pub(super) fn token(&self, name: &str, of: &Key, nats: &serde_json::Value) -> String {
        let head = json!({ "typ": "JWT", "alg": "ed25519-nkey" });
        let claims = json!({
            "jti": name, "iat": 1_700_000_000, "iss": self.public(), "name": name,
            "sub": of.public(), "nats": nats,
        });
        let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&head), part(&claims));
        let signature = self.pair().sign(signed.as_bytes());
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }
}

/// A file of credentials.
pub(super) fn credentials(token: &str, user: &Key) -> String {
    let seed = user.seed();
    format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n-----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

/// Base 32 without padding, of the bytes and their checksum.
fn text(bytes: &[u8]) -> String {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let all = [bytes, &checksum(bytes).to_le_bytes()].concat();
    let mut text = String::new();
    let (mut bits, mut count) = (0_u32, 0);
    for byte in all {
        bits = (bits << 8) | u32::from(byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(LETTERS[(bits >> count) as usize & 31]));
        }
    }
    if count > 0 {
        text.push(char::from(LETTERS[(bits << (5 - count)) as usize & 31]));
    }
    text
}

/// CRC-16 as XMODEM has it.
fn checksum(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |sum: u16, byte| {
        let start = sum ^ (u16::from(*byte) << 8);
        (0..8).fold(start, |sum, _| match sum & 0x8000 {
            0 => sum << 1,
            _ => (sum << 1) ^ 0x1021,
        })
    })
}

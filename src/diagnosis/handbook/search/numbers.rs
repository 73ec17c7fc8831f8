//! The numbers of a question: codes as people and messages write them.

use crate::diagnosis::handbook::entry::Entry;
use crate::model::status_name;

/// Words that stand around the numbers of an error message.
const AROUND_NUMBERS: &[&str] = &[
    "error",
    "code",
    "codes",
    "reason",
    "number",
    "disconnect",
    "disconnected",
    "mstsc",
    "rdp",
    "and",
    "&",
    "is",
];

/// Words that call the number after them a code.
pub(super) const MARKS: &[&str] = &[
    "code",
    "codes",
    "reason",
    "errorcode",
    "fehlercode",
    "grund",
    "ursache",
];

/// Words that call the number after them an extended one.
const EXTENDED: &[&str] = &["extended", "ext", "erweiterter", "erweiterte"];

/// Words that may stand between such a word and the number.
const BETWEEN: &[&str] = &["is", "was", "of", "ist", "war"];

/// One or two numbers, with nothing around them but the words of an error message.
pub(super) struct Numbers<'a> {
    pub(super) all: Vec<Number<'a>>,
    /// The first is called an extended reason.
    pub(super) only_extended: bool,
}

impl<'a> Numbers<'a> {
    /// `None` when other words or no number at all are among the tokens.
    pub(super) fn read(tokens: &[&'a str]) -> Option<Self> {
        let mut all = Vec::new();
        let mut only_extended = false;
        for token in tokens {
            if let Some(number) = Number::read(token) {
                all.push(number);
            } else if matches!(*token, "extended" | "ext") {
                only_extended |= all.is_empty();
            } else if !AROUND_NUMBERS.contains(token) {
                return None;
            }
        }
        Self::telling(all, only_extended)
    }

    /// Those that begin with `0x`, and those that a word calls a code or a reason, whatever words stand around them.
    pub(super) fn marked(tokens: &[&'a str]) -> Option<Self> {
        let mut all: Vec<Number<'a>> = Vec::new();
        let (mut called, mut reason) = (false, false);
        // "Extended reason 12", and nothing else.
        let (mut extended, mut of_extended) = (false, false);
        // Other scripts have no blanks, and colons of their own.
        let parts = tokens
            .iter()
            .flat_map(|token| token.split(|character: char| !character.is_ascii_alphanumeric()));
        for token in parts.filter(|part| !part.is_empty()) {
            let number = Number::read(token);
            let number =
                number.filter(|number| called || token.starts_with("0x") || number.is_status());
            let number = number.map(|number| Number { reason, ..number });
            of_extended |= number.is_some() && extended && all.is_empty();
            extended = EXTENDED.contains(&token) || (extended && MARKS.contains(&token));
            called = MARKS.contains(&token) || called && BETWEEN.contains(&token);
            reason = called && (reason || token == "reason");
            // A message may give its code twice.
            let is_new = |number: &Number<'a>| all.iter().all(|known| known.text != number.text);
            all.extend(number.filter(is_new));
        }
        let only_extended = of_extended && all.len() == 1;
        Self::telling(all, only_extended)
    }

    /// Zero is no information, unless it is all there is.
    fn telling(mut all: Vec<Number<'a>>, only_extended: bool) -> Option<Self> {
        if all.iter().any(|number| !number.is_zero()) {
            all.retain(|number| !number.is_zero());
        }
        (!all.is_empty()).then_some(Self { all, only_extended })
    }

    /// They cannot be meant as anything but codes.
    pub(super) fn are_codes(&self) -> bool {
        self.only_extended || self.all.iter().any(|number| number.plain)
    }
}

/// The kind of a number that the handbook does not have, and where its text is found; a whole sentence. `None` for what is no
/// number, or of no kind that is known here.
pub(super) fn kind_of(text: &str) -> Option<String> {
    let number = Number::read(text)?;
    let value = number.decimal.or(number.hexadecimal)?;
    let is_decimal = number.decimal.is_some();
    let hex = format!("0x{value:08X}");
    let is_hex = if is_decimal {
        format!("{text} is {hex}: ")
    } else {
        format!("{text} is ")
    };
    let name = status_name(value).map_or_else(String::new, |name| format!("{name}, "));
    let (facility, low) = (value >> 16 & 0x1FFF, value & 0xFFFF);
    let what = match value {
        0xC000_0000..=0xCFFF_FFFF => format!(
            "an NTSTATUS (MS-ERREF 2.3), as in event 4625 and in CredSSP; on Windows, certutil -error {hex} shows its text"
        ),
        0x8009_0000..=0x8009_FFFF => {
            let part = match low {
                0x0000..=0x02FF => "the key store (NTE)",
                0x0300..=0x0FFF => "SSPI, that is of Schannel, CredSSP, Kerberos or NTLM",
                0x1000..=0x2FFF => "certificate and message functions (CRYPT)",
                0x3000..=0x3FFF => "the ASN.1 decoder",
                0x4000..=0x4FFF => "Certificate Services",
                0x6000..=0x6FFF => "the check of signatures (TRUST)",
                _ => "the security facility",
            };
            format!("an HRESULT of {part}; on Windows, certutil -error {hex} shows its text")
        }
        0x800B_0000..=0x800B_FFFF => format!(
            "an HRESULT of the check of certificates (TRUST, CERT); on Windows, certutil -error {hex} shows its text"
        ),
        0x8010_0000..=0x8010_FFFF => format!(
            "an HRESULT of smart cards; on Windows, certutil -error {hex} shows its text"
        ),
        0x8007_0000..=0x8007_FFFF => format!(
            "an HRESULT that holds the Windows error {low}; on Windows, net helpmsg {low} shows its text"
        ),
        0x8000_0000..=0x8FFF_FFFF => format!(
            "an HRESULT of facility {facility} (MS-ERREF 2.1); on Windows, certutil -error {hex} shows its text"
        ),
        0x0300_0000..=0x03FF_FFFF => format!(
            "in the range of RD Gateway codes, and none of the documented ones; on a Windows client, \
             (New-Object -ComObject MSTscAx.MsTscAx).GetErrorDescription({value}, 0) in PowerShell shows its text"
        ),
        0x0200_0000..=0x02FF_FFFF => {
            "in the range of RemoteApp codes, and none of the documented ones".to_owned()
        }
        0x0001_0001..=0x0001_FFFF if !is_decimal => {
            format!("FreeRDP's form of the extended reason {low:#x}: rdpscan explain extended {low:#x}")
        }
        0x0002_0001..=0x0002_FFFF if !is_decimal => {
            "in the range of FreeRDP's connection errors, and none of the known ones".to_owned()
        }
        0x1000..=0x7FFF if !is_decimal => {
            "unknown: no client code of this number is documented; as an extended reason it would be an internal protocol error"
                .to_owned()
        }
        10_000..=11_999 if is_decimal => {
            return Some(format!(
                "{text} is in the range of Winsock errors; on Windows, net helpmsg {text} shows its text."
            ));
        }
        _ => return None,
    };
    Some(format!("{is_hex}{name}{what}."))
}

/// What to say of a number that is in no table and in no range of one, and where the nearest are; without a full stop. `None` for
/// what is no number.
pub(super) fn of_no_kind(text: &str) -> Option<String> {
    let number = Number::read(text)?;
    let where_others_are = match number.decimal.or(number.hexadecimal)? {
        0..=0x7FFF => "client codes are 0x1 to 0x2604, extended reasons 0x0 to 0x1196",
        _ => "nothing that Remote Desktop is known to show has numbers in this range",
    };
    Some(format!(
        "unknown, no code, extended reason, status or event has this number; {where_others_are}"
    ))
}

/// A number as it was typed, which may be meant as decimal or as hexadecimal.
pub(super) struct Number<'a> {
    pub(super) text: &'a str,
    decimal: Option<u32>,
    hexadecimal: Option<u32>,
    /// It says itself which it is.
    pub(super) plain: bool,
    /// The word "reason" stands before it.
    reason: bool,
}

impl<'a> Number<'a> {
    /// `0x904`, `2308`, `904`, `904h`, `b07`; `None` for a word.
    fn read(text: &'a str) -> Option<Self> {
        let hexadecimal = |digits: &str| u32::from_str_radix(digits, 16).ok();
        let all = |digits: &str, is: fn(&char) -> bool| {
            !digits.is_empty() && digits.chars().all(|character| is(&character))
        };
        let marked = text.strip_prefix("0x").or_else(|| text.strip_suffix('h'));
        if let Some(digits) = marked.filter(|digits| all(digits, char::is_ascii_hexdigit)) {
            return Some(Self {
                text,
                decimal: None,
                hexadecimal: hexadecimal(digits),
                plain: true,
                reason: false,
            });
        }
        // An HRESULT as a signed number, which has its highest bit set.
        if let Some(negative) = text
            .starts_with('-')
            .then(|| text.parse::<i32>().ok())
            .flatten()
        {
            let unsigned = negative.cast_unsigned();
            return (unsigned >> 28 == 8 || unsigned >> 28 == 0xC).then_some(Self {
                text,
                decimal: Some(unsigned),
                hexadecimal: None,
                plain: true,
                reason: false,
            });
        }
        if !all(text, char::is_ascii_hexdigit) || !text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        Some(Self {
            text,
            decimal: text.parse().ok(),
            hexadecimal: hexadecimal(text),
            plain: false,
            reason: false,
        })
    }

    /// It has the eight digits of a status, as event 4625 writes them without `0x` at times.
    fn is_status(&self) -> bool {
        self.text.len() == 8
            && matches!(
                self.hexadecimal,
                Some(0x8009_0000..=0x800B_FFFF | 0xC000_0000..=0xC000_FFFF)
            )
    }

    fn is_zero(&self) -> bool {
        self.decimal.or(self.hexadecimal) == Some(0)
    }

    /// It is called a reason, and is not one of the small numbers that count anything.
    pub(super) fn is_large_reason(&self) -> bool {
        self.reason && self.decimal.is_some_and(|number| number >= 256)
    }

    /// What `find` has for it: read as decimal if that is known, else as hexadecimal, and then with a note. A range is only
    /// meant where the number is `called` what `find` looks for: an unknown code is unknown.
    pub(super) fn of<'b>(
        &self,
        called: bool,
        find: impl Fn(u32) -> Option<&'b Entry>,
    ) -> Option<(&'b Entry, Option<String>)> {
        let decimal = self.decimal.and_then(&find);
        if let Some(entry) = decimal.filter(|entry| called || entry.last.is_none()) {
            return Some((entry, None));
        }
        let number = self.hexadecimal?;
        let entry = find(number).filter(|entry| called || entry.last.is_none())?;
        let note = (!self.plain).then(|| {
            format!("{} was read as hexadecimal, {number:#X}.", self.text).replace("0X", "0x")
        });
        Some((entry, note))
    }
}

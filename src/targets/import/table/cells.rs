//! Cells of tables: hosts, ports, protocols, and yes or no.

use std::net::IpAddr;

use super::super::super::spec::{self, Target};
use super::super::{NOT_OPEN, POWERED_OFF, RETIRED};

/// Words for "nothing" in cells.
const NOTHING: [&str; 18] = [
    "-", "--", "n/a", "na", "none", "null", "nil", "unknown", "(none)", "<none>", "?", "*",
    "not set", "tbd", "nan", "$null", "[n/a]", "[n/s]",
];
/// Names that every machine has for itself.
const SELF: [&str; 4] = [
    "localhost",
    "localhost.localdomain",
    "localhost6",
    "localhost6.localdomain6",
];
/// The most hosts of one cell.
const MOST_HOSTS: usize = 256;

/// A cell without what surrounds its value; empty for the words that mean so.
pub(super) fn value(cell: &str) -> &str {
    let cell = cell.trim().trim_matches('\u{feff}').trim();
    if NOTHING.iter().any(|word| cell.eq_ignore_ascii_case(word)) {
        ""
    } else {
        cell
    }
}

/// The hosts of a cell, as targets are written; none when it holds something else.
pub(in super::super) fn hosts(cell: &str) -> Vec<String> {
    let cell = value(cell);
    let cell = cell
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .unwrap_or(cell);
    if cell.is_empty() {
        return Vec::new();
    }
    if let Some(host) = host(cell) {
        return vec![host];
    }
    let parts = || {
        cell.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ';' | '|'))
            .map(|part| part.trim_matches(['(', ')', '"', '\'', '{', '}']))
            .filter(|part| !part.is_empty())
    };
    let addresses: Vec<String> = parts()
        .filter_map(|part| host(part).filter(|host| is_address(host)))
        .take(MOST_HOSTS)
        .collect();
    if !addresses.is_empty() {
        return addresses;
    }
    let names: Option<Vec<String>> = parts()
        .take(MOST_HOSTS)
        .map(|part| host(part).filter(|host| is_full_name(host)))
        .collect();
    names.unwrap_or_default()
}

/// One host without what tools write around it.
fn host(text: &str) -> Option<String> {
    let (scheme, text) = text
        .split_once("://")
        .map_or((None, text), |(scheme, rest)| {
            (
                Some(scheme),
                rest.split(['/', '?']).next().unwrap_or_default(),
            )
        });
    let text = text.rsplit('@').next().unwrap_or_default();
    let text = text.trim_start_matches('\\');
    // `DOMAIN\SRV01` and `SRV01\INSTANCE` are written alike; a dot is in the name of a host only.
    let text = match text.split_once('\\') {
        Some((before, _)) if before.contains('.') => before,
        Some((_, behind)) => behind,
        None => text,
    };
    let text = text.strip_suffix('$').unwrap_or(text);
    if let Some((address, prefix)) = text.split_once('/')
        && address.parse::<IpAddr>().is_ok()
    {
        let is_of_network = matches!(
            spec::target(text),
            Ok(Target::Addresses { single: false, .. })
        ) && is_first(address, prefix);
        return (!is_of_network)
            .then(|| address.to_owned())
            .filter(|host| spec::target(host).is_ok());
    }
    // A session host of Azure Virtual Desktop: `pool/srv01.corp.example`.
    let text = match text.split_once('/') {
        Some((_, name)) if is_full_name(name) => name,
        _ => text,
    };
    let port_is_of_url = scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("rdp"));
    let text = match text.rsplit_once(':') {
        Some((host, _)) if port_is_of_url && !host.ends_with(':') => host,
        _ => text,
    };
    match spec::target(text) {
        Ok(Target::Addresses { single: true, .. } | Target::Name { .. }) => Some(text.to_owned()),
        _ => None,
    }
}

/// Whether an address is the one of its network, so that the network is meant.
fn is_first(address: &str, prefix: &str) -> bool {
    let length: Option<u32> = prefix.parse().ok();
    match (address.parse::<IpAddr>(), length) {
        (Ok(IpAddr::V4(address)), Some(length @ 0..=32)) => {
            address.to_bits() & u32::MAX.checked_shr(length).unwrap_or(0) == 0
        }
        (Ok(IpAddr::V6(address)), Some(length @ 0..=128)) => {
            address.to_bits() & u128::MAX.checked_shr(length).unwrap_or(0) == 0
        }
        _ => true,
    }
}

pub(super) fn is_address(host: &str) -> bool {
    matches!(
        spec::target(host),
        Ok(Target::Addresses { single: true, .. })
    )
}

/// A name with a domain, and no number of a version or file.
pub(super) fn is_full_name(host: &str) -> bool {
    let Ok(Target::Name { name, .. }) = spec::target(host) else {
        return false;
    };
    name.rsplit_once('.').is_some_and(|(_, top)| {
        top.len() > 1
            && (top.starts_with("xn--") || top.bytes().all(|letter| letter.is_ascii_alphabetic()))
    })
}

/// A word that can only be a host: no heading and no label is one.
pub(in super::super) fn is_certain(cell: &str) -> bool {
    let cell = value(cell);
    is_address(cell)
        || is_full_name(cell)
        || (!cell.is_empty()
            && cell.contains([':', '/', '-'])
            && spec::target(cell).is_ok()
            && cell.contains('.'))
}

/// The hardware address of all machines, or of none.
pub(in super::super) fn is_broadcast(cell: &str) -> bool {
    let digits = || {
        let bytes = cell.bytes();
        bytes.filter(|byte| !matches!(byte, b'-' | b':' | b'.'))
    };
    (13..=17).contains(&cell.len())
        && digits().count() == 12
        && (digits().all(|digit| digit.eq_ignore_ascii_case(&b'f'))
            || digits().all(|digit| digit == b'0'))
}

/// Whether a word is a hardware address, or the id of a client of DHCP.
pub(in super::super) fn is_hardware(word: &str) -> bool {
    let is_sign = |letter: char| matches!(letter, '-' | ':' | '.');
    let digits = word.chars().filter(|letter| !is_sign(*letter));
    word.contains(is_sign)
        && (12..=16).contains(&digits.clone().count())
        && digits.clone().all(|digit| digit.is_ascii_hexdigit())
        && word.parse::<IpAddr>().is_err()
}

/// Words of the last row of a spreadsheet.
pub(super) fn is_total(cell: &str) -> bool {
    const TOTALS: &str = " total totals sum summe gesamt gesamtsumme anzahl somme suma totale totaal итого celkem összesen toplam 合計 合计 합계 ";
    let word = super::roles::plain(cell);
    !word.is_empty() && TOTALS.contains(&format!(" {word} "))
}

pub(in super::super) fn is_own_name(host: &str) -> bool {
    SELF.iter().any(|own| host.eq_ignore_ascii_case(own))
}

/// The ports of a cell; the text that is none as the error.
pub(super) fn ports(cell: &str) -> Result<Vec<u16>, &str> {
    let cell = value(cell);
    cell.split([',', ';', ' ', '\n'])
        .filter(|part| !part.is_empty())
        .map(|part| {
            let number = part
                .strip_prefix("tcp/")
                .or_else(|| part.strip_suffix("/tcp"));
            let number = number.unwrap_or(part);
            let number = number.strip_suffix(".0").unwrap_or(number);
            number.parse().ok().filter(|port| *port > 0).ok_or(cell)
        })
        .collect()
}

/// What a word says about the protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    RemoteDesktop,
    /// TCP, which may carry it.
    Carrier,
    Folder,
    Other,
    /// No protocol at all.
    Unknown,
}

const REMOTE_DESKTOP: &str = " mswbtserver remotedesktop remotedesktopconnection \
     royalrdsconnection rds mstsc msrdp terminalservices remotedesktopprotocol microsoftremotedesktop remoteapp ";
const CARRIERS: &str = " tcp tcp4 tcp6 6 ip ipv4 ipv6 any connection ";
const FOLDERS: &str = " container folder group royalfolder organizationalunit dynamicfolder ";
const OTHER_PROTOCOLS: &str = " ssh ssh1 ssh2 sshshell sshtunnel sshport telnet vnc ard http https httphttps webbrowser putty ftp sftp scp \
     rlogin powershellremote intapp externalapp ica citrixweb anydesk teamviewer x2go spice winrm udp sctp snmp \
     terminalconnection webconnection vncconnection filetransferconnection teamviewerconnection externalapplicationconnection \
     performanceconnection vmwareconnection hypervconnection windowseventsconnection windowsservicesconnection \
     windowsprocessesconnection terminalservicesconnection powershellconnection royalsshconnection royalwebconnection \
     royalvncconnection royalfiletransferconnection royalteamviewerconnection royalappconnection royalperformanceconnection \
     royalpowershellconnection royalwindowseventsconnection royalwindowsprocessesconnection royalwindowsservicesconnection \
     royalterminalservicesconnection royalhypervconnection royalvmwareconnection royalapplicationconnection credential \
     dynamiccredential commandtask keysequencetask securegateway remotedesktopgateway royalserver \
     appleremotedesktop kubernetes ";

pub(super) fn protocol(cell: &str) -> Protocol {
    let plain = super::roles::plain(value(cell));
    let word = format!(" {plain} ");
    if plain.is_empty() {
        Protocol::Unknown
    } else if plain.starts_with("rdp") || REMOTE_DESKTOP.contains(&word) {
        Protocol::RemoteDesktop
    } else if CARRIERS.contains(&word) {
        Protocol::Carrier
    } else if FOLDERS.contains(&word) {
        Protocol::Folder
    } else if OTHER_PROTOCOLS.contains(&word) {
        Protocol::Other
    } else {
        Protocol::Unknown
    }
}

/// Whether a word is the protocol of a port, and none of a program.
pub(super) fn is_transport(cell: &str) -> bool {
    matches!(
        super::roles::plain(cell).as_str(),
        "tcp" | "tcp4" | "tcp6" | "udp" | "6" | "17"
    )
}

/// States of ports and leases in which there is no host to connect to.
const CLOSED: &str = " closed filtered openfiltered closedfiltered unfiltered declined expired inactive free abandoned released backup dead incomplete ";

/// States of virtual machines that are off, under any heading, and where the heading or the table is about such machines.
const OFF: &str = " poweredoff deallocated vmdeallocated stoppeddeallocated deallocating terminated shutoff shutdown ausgeschaltet ";
const OFF_OF_MACHINE: &str = " off stopped stopping vmstopped suspended suspendedmemory paused saved halted shuttingdown aus beendet gespeichert ";
/// States of inventories.
const OUT_OF_SERVICE: &str = " retired decommissioned decommissioning disposed indisposal scrapped stolen lost loststolen sold archived nonactive \
     notinuse outofservice outoforder endoflife eol stock instock spare surplus writtenoff stillgelegt ausgemustert verschrottet \
     außerbetrieb ausserbetrieb entsorgt defekt gestohlen verkauft archiviert lager horsservice réformé aurebut fueradeservicio \
     dismesso buitengebruik wycofany ";

const DISABLED: &str = " disabled unmonitored deaktiviert désactivé ";

/// Why a state says that there is nothing to connect to. `is_of_machine` where it is one of a virtual machine.
pub(super) fn not_in_use(cell: &str, is_of_machine: bool) -> Option<&'static str> {
    let word = super::roles::plain(cell);
    if word.is_empty() {
        return None;
    }
    let word = format!(" {word} ");
    if CLOSED.contains(&word) {
        Some(NOT_OPEN)
    } else if OFF.contains(&word) || (is_of_machine && OFF_OF_MACHINE.contains(&word)) {
        Some(POWERED_OFF)
    } else if OUT_OF_SERVICE.contains(&word) {
        Some(RETIRED)
    } else if DISABLED.contains(&word) {
        Some("entries that are disabled")
    } else {
        None
    }
}

pub(super) fn is_open(cell: &str) -> bool {
    super::roles::plain(cell) == "open"
}

/// Yes and no in spreadsheets and consoles, in the languages of Windows.
const YES: &str = " true wahr vrai verdadero vero verdadeiro waar prawda pravda sant igaz истина doğru dogru 真 有効 \
     sand sann tosi kyllä 예 yes ja oui sí si sì tak ano sim да igen evet はい 是 1 enabled on active aktiviert aktiv activé actif activado activo \
     habilitado abilitato attivato attivo ativado ativo ingeschakeld actief aktiverad aktivt włączone włączony aktywny povoleno \
     povolen zapnuto aktivní включено включен включена engedélyezve engedélyezett etkin aktif 已启用 启用 已啟用 啟用 ";
const NO: &str = " false falsch faux falso onwaar fałsz nepravda falskt hamis ложь yanlış yanliş yanlis 偽 假 無効 \
     usann falsk epätosi ei nei 아니요 no nein non não nao nee nie ne нет nem hayır hayir nej いいえ 否 0 disabled off inactive deaktiviert inaktiv désactivé inactif \
     desactivado inactivo deshabilitado disabilitato disattivato inattivo desativado desabilitado inativo uitgeschakeld inactief \
     inaktiverad inaktivt wyłączone wyłączony nieaktywny zakázáno zakázán vypnuto neaktivní отключено отключен отключена letiltva \
     letiltott inaktív devredışı pasif 已禁用 禁用 已停用 停用 ";

/// `None` when it is neither.
pub(super) fn is_yes(cell: &str) -> Option<bool> {
    let word = super::roles::plain(cell);
    if word.is_empty() {
        return None;
    }
    let word = format!(" {word} ");
    if NO.contains(&word) {
        return Some(false);
    }
    YES.contains(&word).then_some(true)
}

/// Computers in the list that Active Directory Users and Computers exports, in the languages of Windows.
const COMPUTERS: &str = " computer ordinateur equipo komputer počítač computador компьютер dator számítógép bilgisayar コンピューター \
     コンピュータ 计算机 電腦 rechner ";
const DIRECTORY_CLASSES: &str = " user contact securitygroupglobal securitygroupdomainlocal securitygroupuniversal \
     distributiongroupglobal distributiongroupuniversal distributiongroupdomainlocal organizationalunit sharedfolder inetorgperson \
     foreignsecurityprincipal msexchsystemmailbox builtindomain ";

pub(super) fn is_computer(cell: &str) -> bool {
    let word = super::roles::plain(cell);
    !word.is_empty() && COMPUTERS.contains(&format!(" {word} "))
}

pub(super) fn is_directory_class(cell: &str) -> bool {
    let word = super::roles::plain(cell);
    !word.is_empty() && DIRECTORY_CLASSES.contains(&format!(" {word} "))
}

/// Whether a DNS record of this type leads to an address; `None` when it is no type.
pub(super) fn leads_to_address(cell: &str) -> Option<bool> {
    let cell = cell.trim();
    // The console of DNS writes `Host (A)`.
    let kind = match cell.rsplit_once('(') {
        Some((_, kind)) => kind.trim_end_matches(')'),
        None => cell,
    };
    match kind.to_ascii_uppercase().as_str() {
        "A" | "AAAA" => Some(true),
        "CNAME" | "NS" | "SOA" | "MX" | "PTR" | "SRV" | "TXT" | "WINS" | "DNAME" | "CAA"
        | "HINFO" | "RP" | "DNSKEY" | "RRSIG" | "NSEC" | "NSEC3" | "DS" | "NAPTR" => Some(false),
        _ => None,
    }
}

/// The name of a computer by its distinguished name: `CN=SRV01,OU=Servers,DC=corp,DC=example` is `srv01.corp.example`.
pub(in super::super) fn name_by_path(path: &str) -> Option<String> {
    let mut name = None;
    let mut domain = Vec::new();
    // The record of a zone: `DC=srv01,DC=corp.example,cn=MicrosoftDNS,…`.
    if let Some((node, _)) = path.split_once(",cn=MicrosoftDNS,") {
        let (record, zone) = node.split_once(',')?;
        let full = format!(
            "{}.{}",
            record.strip_prefix("DC=")?,
            zone.strip_prefix("DC=")?
        );
        return is_full_name(&full).then_some(full);
    }
    for part in path.split(',') {
        let (key, value) = part.trim().split_once('=')?;
        if key.eq_ignore_ascii_case("CN") && name.is_none() && domain.is_empty() {
            name = Some(value);
        } else if key.eq_ignore_ascii_case("DC") {
            domain.push(value);
        }
    }
    let full = format!("{}.{}", name?, domain.join("."));
    (!domain.is_empty() && is_full_name(&full)).then_some(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_taken_out_of_what_tools_write_around_them() {
        for (cell, wanted) in [
            (" srv05.corp.example ", vec!["srv05.corp.example"]),
            (
                "{10.0.0.5, fe80::1, 10.0.0.6}",
                vec!["10.0.0.5", "10.0.0.6"],
            ),
            ("10.0.0.5\n2001:db8::5", vec!["10.0.0.5", "2001:db8::5"]),
            ("10.0.0.5/24", vec!["10.0.0.5"]),
            ("10.0.0.0/24", vec![]),
            ("\\\\SRV05", vec!["SRV05"]),
            ("CORP\\SRV05$", vec!["SRV05"]),
            ("rdp://srv05:3390", vec!["srv05:3390"]),
            (
                "https://srv05.corp.example:8443/x",
                vec!["srv05.corp.example"],
            ),
            ("1 Main Street, Springfield", vec![]),
            ("n/a", vec![]),
            ("a.example; b.example", vec!["a.example", "b.example"]),
        ] {
            assert_eq!(hosts(cell), wanted, "{cell}");
        }
    }

    #[test]
    fn yes_and_no_are_told_in_the_languages_of_windows() {
        for (yes, no) in [
            ("True", "False"),
            ("WAHR", "FALSCH"),
            ("VRAI", "FAUX"),
            ("VERDADERO", "FALSO"),
            ("VERO", "FALSO"),
            ("WAAR", "ONWAAR"),
            ("PRAWDA", "FAŁSZ"),
            ("PRAVDA", "NEPRAVDA"),
            ("VERDADEIRO", "FALSO"),
            ("ИСТИНА", "ЛОЖЬ"),
            ("SANT", "FALSKT"),
            ("IGAZ", "HAMIS"),
            ("DOĞRU", "YANLIŞ"),
            ("はい", "いいえ"),
            ("是", "否"),
            ("Да", "Нет"),
            ("Tak", "Nie"),
            ("1", "0"),
        ] {
            assert_eq!(
                (is_yes(yes), is_yes(no)),
                (Some(true), Some(false)),
                "{yes}, {no}"
            );
        }
        assert_eq!((is_yes(""), is_yes("maybe")), (None, None));
    }

    #[test]
    fn a_distinguished_name_gives_the_name_of_its_computer() {
        let path = "CN=SRV01,OU=Servers,DC=corp,DC=example";
        assert_eq!(name_by_path(path).as_deref(), Some("SRV01.corp.example"));
        assert_eq!(name_by_path("CN=SRV01"), None);
        assert_eq!(name_by_path("srv01"), None);
    }
}

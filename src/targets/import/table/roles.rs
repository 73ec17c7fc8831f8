//! What a column of a table holds, by its heading.

/// What a column is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Role {
    /// Names of hosts. The higher the rank, the surer.
    Name(u8),
    /// Addresses of hosts.
    Address(u8),
    /// Networks and ranges.
    Network,
    Port,
    /// How the host is reached, such as RDP or SSH.
    Protocol,
    /// The class of a row, which may be a protocol, a class of the directory or a type of DNS record.
    Class,
    /// The service behind a port.
    Service,
    State,
    Gateway,
    /// When the gateway is used.
    GatewayUse,
    Enabled,
    Disabled,
    /// `userAccountControl`.
    AccountControl,
    DistinguishedName,
    /// A virtual machine is reached through its hypervisor.
    Console,
}

/// A rank from which on a heading means names of hosts, and not labels.
pub(super) const SURE: u8 = 90;
pub(super) const PLAIN: u8 = 80;
/// Labels, which are often the names of hosts.
pub(super) const LABEL: u8 = 60;

/// Headings without blanks and signs, in lower case, by role. The languages are those of Windows Server.
const HEADINGS: [(Role, &str); 20] = [
    (
        Role::Name(100),
        "dnshostname dnsname dnsnames fqdn fqdns fullyqualifieddomainname fullyqualifiedname fulldomainname \
         fullcomputername fulldnsname primarydnsname privatednsname guestdnsname guestfqdn hostfqdn ansiblehost",
    ),
    (
        Role::Name(SURE),
        "hostname hostnames computername servername machinename devicename systemname nodename netbiosname remotehost \
         remotehostname targethost hostnameorip hostnameip iphostname hostnameipaddress hostnameoripaddress guesthostname \
         assethostname clienthostname sessionhost \
         rechnername gerätename nomdhôte nomdhote nomhôte nomdelordinateur nomordinateur nomduserveur nomserveur \
         nomdelamachine nommachine nomdupériphérique nombredehost nombredelhost nombrehost nombredelequipo nombredeequipo \
         nombreequipo nombredelservidor nombredeservidor nombreservidor nombredeldispositivo nombredispositivo nomehost \
         nomecomputer nomedelcomputer nomeserver nomedispositivo nomedelserver hostnaam computernaam servernaam apparaatnaam \
         nazwahosta nazwakomputera nazwaserwera nazwaurządzenia názevhostitele názevpočítače názevserveru názevzařízení \
         jménopočítače jménohostitele jménoserveru nomedohost nomedocomputador nomecomputador nomedoservidor nomeservidor \
         nomedodispositivo nomedohospedeiro имяхоста имякомпьютера имясервера имяузла имяустройства dnsимя värdnamn datornamn \
         servernamn enhetsnamn állomásnév gépnév számítógépnév számítógépneve kiszolgálónév kiszolgálóneve eszköznév \
         anamakineadı sunucuadı bilgisayaradı hostadı cihazadı makineadı ホスト名 コンピューター名 コンピュータ名 サーバー名 サーバ名 \
         マシン名 デバイス名 主机名 主机名称 计算机名 计算机名称 服务器名 服务器名称 设备名称 主機名稱 電腦名稱 伺服器名稱 \
         컴퓨터이름 호스트이름 호스트명 서버이름 서버명 장치이름 computernavn servernavn værtsnavn vertsnavn maskinnavn enhedsnavn \
         enhetsnavn datamaskinnavn tietokoneennimi palvelimennimi isäntänimi laitteennimi",
    ),
    (
        Role::Name(PLAIN),
        "host hosts computer computers server servers machine machines device devices node nodes pc workstation endpoint target \
         destination uri url connectto assetname hostorip hostoripaddress remotecomputer rechner gerät hôte ordinateur \
         serveur poste equipo equipos servidor ordenador máquina macchina computadora komputer serwer počítač хост компьютер \
         сервер узел värd dator számítógép gép kiszolgáló állomás bilgisayar sunucu anamakine ホスト コンピューター コンピュータ \
         サーバー サーバ 主机 计算机 服务器 主機 電腦 伺服器 hostitel computador \
         컴퓨터 서버 호스트 tietokone palvelin datamaskin",
    ),
    (
        Role::Name(LABEL),
        "name names displayname vm vmname virtualmachine label title cn samaccountname connectionname bezeichnung nom nombre nome \
         naam nazwa název jméno имя название namn név adı ad isim navn nimi 이름 名前 名称 名稱 commonname sessionname dns",
    ),
    (
        Role::Address(100),
        "ip ips networkip ipaddress ipaddresses ipaddr ipaddrs ipv4 ipv4address ipv4addresses ipv4addr ip4 primaryip primaryip4 \
         primaryipaddress primaryipv4address privateip privateips privateipaddress privateipaddresses privateipv4address internalip internetaddress \
         managementip mgmtip hostip hostaddress guestipaddress clientip clientipaddress deviceip serverip computerip machineip \
         ipadresse ipadressen adresseip adressesip direcciónip direccionip direccionesip indirizzoip indirizziip ipadres \
         adresip adresyip ipadresa adresaip endereçoip enderecoip endereçosip ipадрес ipадреса адресip ipadress ipadresser \
         ipcím ipcíme ipcímek ipadresi ipadresleri ipアドレス ip地址 ip位址 internetadresse adresseinternet direccióndeinternet indirizzointernet internetadres adresinternetowy \
         адресвинтернете ip주소 iposoite ipv4adresse ipv4アドレス ipv4地址 адресipv4",
    ),
    (
        Role::Address(85),
        "ipv6 ipv6address ipv6addresses ipv6addr publicip publicips publicipaddress externalip natip",
    ),
    (
        Role::Address(PLAIN),
        "address addresses addr adresse adressen adresses dirección direccion indirizzo adres adresa endereço endereco адрес adress \
         cím adresi アドレス 地址 位址 networkaddress",
    ),
    (
        Role::Network,
        "network networks subnet subnets cidr range ranges prefix iprange ipranges addressrange netz netzwerk subnetz réseau \
         sousréseau red subred rete sottorete netwerk subnetwerk sieć podsieć síť podsíť rede subrede сеть подсеть nätverk \
         undernät hálózat alhálózat ağ altağ ネットワーク サブネット 网络 子网 網路",
    ),
    (
        Role::Port,
        "port ports portnumber portnr portno porttcp tcpport tcpports rdpport openport openports destinationport dstport dport portid \
         remoteport hostport serverport rdpportnumber puerto puertotcp puertordp númerodepuerto numerodepuerto porta portatcp \
         portardp numeroporta numerodiporta númerodaporta poort poortnummer portnummer numerportu čísloportu порт tcpпорт \
         rdpпорт номерпорта portszám portszáma portnumarası bağlantınoktası numéroport numérodeport ポート ポート番号 端口 端口号 \
         連接埠 通訊埠 포트 포트번호 portti portnumre serviceport rdpポート rdp端口",
    ),
    (
        Role::Protocol,
        "protocol protocols proto protocoltype portprotocol transport transportprotocol ipprotocol connectiontype connectionprotocol accessprotocol remoteprotocol objecttype nodetype \
         sessiontype entrytype protokoll protocole protocolo protocollo protokół protokol protokoly протокол プロトコル 协议 \
         通訊協定 verbindungstyp typedeconnexion tipodeconexión tipodiconnessione",
    ),
    (
        Role::Class,
        "type typ tipo kind class recordtype rrtype objectclass тип típus tür type类型 类型 種類 類型 soort",
    ),
    (
        Role::Service,
        "service servicename portservice dienst servizio servicio usługa služba serviço сервис",
    ),
    (
        Role::State,
        "state portstate status addressstate leasestate portstatus leasestatus powerstate powerstatus vmpowerstate vmstate \
         vmstatus instancestate instancestatus machinestate machinestatus serverstate serverstatus runstate devicestate \
         zustand betriebsstatus état etat estado stato stav stan состояние статус 状態 状态 lifecycle lifecyclestate lifecyclestatus lifecyclestage assetstatus assetstate",
    ),
    (
        Role::Gateway,
        "rdgatewayhostname rdgateway rdgatewayhost rdgatewayserver rdgatewayname gatewayhostname gatewayhost gatewayserver \
         remotedesktopgateway remotedesktopgatewayhost rdpgateway rdpgatewayhost rdpgatewayhostname tsgateway gatewayfqdn \
         gatewayname rdpgatewayserver rdsgateway",
    ),
    (
        Role::GatewayUse,
        "rdgatewayusagemethod gatewayusagemethod rdpgatewayusagemethod gatewayusage rdgatewayusage usegateway userdgateway",
    ),
    (
        Role::Enabled,
        "enabled isenabled accountenabled aktiviert aktiv activé actif habilitado habilitada abilitato attivato ingeschakeld \
         actief włączone włączony aktywny povoleno aktivní ativado ativo включено включен aktiverad aktiverat engedélyezve \
         engedélyezett etkin aktiveret aktivert käytössä 有効 已启用 启用 啟用 已啟用",
    ),
    (
        Role::Disabled,
        "disabled isdisabled accountdisabled deaktiviert désactivé deshabilitado disabilitato disattivato uitgeschakeld \
         wyłączone wyłączony zakázáno desativado отключено отключен inaktiverad letiltva devredışı 無効 已禁用 停用",
    ),
    (Role::AccountControl, "useraccountcontrol"),
    (Role::DistinguishedName, "distinguishedname dn"),
    (Role::Console, "usevmid"),
];

/// Ends of longer headings that name the host.
const NAME_ENDINGS: [&str; 6] = [
    "hostname",
    "computername",
    "servername",
    "machinename",
    "dnsname",
    "fqdn",
];
/// The most words of a heading that is known by one of them.
const MOST_WORDS: usize = 4;

/// Words in headings of columns that hold hosts, but not those of the row.
const OTHERS: &str = " version build subnet mask netmask gateway scope scopeid mac macaddress user username owner email mail domain \
     site location serial model cluster esx esxi hypervisor vcenter vmhost dhcp wins previous old last switch description comment \
     manufacturer vendor group ou id guid uuid os operatingsystem license proxy ntp dnsserver nameserver resolver loopback \
     contact department password icon panel parent date time expires relay source src maske ";

/// A heading without blanks and signs, in lower case.
pub(super) fn plain(heading: &str) -> String {
    heading
        .chars()
        .filter(|letter| letter.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .filter(|letter| *letter != '\u{307}')
        .collect()
}

/// The role of a heading; `None` for an unknown one.
pub(in super::super) fn role(heading: &str) -> Option<Role> {
    // A part of a record, such as a disk, has a name and a state of its own.
    if let Some((_, part)) = heading.rsplit_once("[].") {
        return role(part).filter(|role| matches!(role, Role::Address(_)));
    }
    let whole = known(&plain(heading));
    // `hostname (parameter)`, `Device(RAW)`.
    let before = || known(&plain(heading.split_once(['(', '['])?.0));
    // The last key of a record inside a record.
    let leaf = || {
        let (above, leaf) = heading.rsplit_once('.')?;
        let (leaf, above_leaf) = (plain(leaf), plain(above.rsplit('.').next()?));
        // `State.Name`, `status.value`.
        if matches!(leaf.as_str(), "name" | "value" | "label")
            && known(&above_leaf) == Some(Role::State)
        {
            return Some(Role::State);
        }
        let role = known(&leaf)?;
        (role != Role::Port || has_port_of_host(above)).then_some(role)
    };
    whole.or_else(before).or_else(leaf).or_else(|| {
        let words = words(heading);
        // A sentence above a table is no heading.
        if words.len() > MOST_WORDS || is_of_others(heading) {
            return None;
        }
        // `Device Hostname`, `AD computer name`.
        let joined = words.concat();
        if NAME_ENDINGS.iter().any(|ending| joined.ends_with(ending)) {
            return Some(Role::Name(SURE - 1));
        }
        let is_ip = |word: &String| matches!(word.as_str(), "ip" | "ipv4" | "ipaddress");
        words.iter().any(is_ip).then_some(Role::Address(70))
    })
}

/// Parts of records whose port is the one of the host's Remote Desktop.
fn has_port_of_host(above: &str) -> bool {
    let part = plain(above.rsplit('.').next().unwrap_or_default());
    matches!(
        part.as_str(),
        "parameters" | "rdp" | "connection" | "settings" | "properties" | "remotedesktop"
    )
}

fn known(plain: &str) -> Option<Role> {
    if plain.is_empty() {
        return None;
    }
    let found = HEADINGS
        .iter()
        .find(|(_, words)| words.split_ascii_whitespace().any(|word| word == plain));
    found.map(|(role, _)| *role)
}

/// Whether a column of this heading is about something else than the host of the row.
pub(super) fn is_of_others(heading: &str) -> bool {
    let words = words(heading);
    let is_other = |word: &str| OTHERS.contains(&format!(" {word} "));
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    words.iter().any(|word| is_other(word))
        || is_other(&plain(heading))
        || (has("dns") && (has("server") || has("servers") || has("suffix")))
}

/// The words of a heading, in lower case: also those of `PrimaryIPAddress`.
fn words(heading: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for letter in heading.chars() {
        let starts = !letter.is_alphanumeric() || (letter.is_uppercase() && was_lower);
        if starts && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| letter.is_alphanumeric()) {
            word.extend(letter.to_lowercase());
        }
        was_lower = letter.is_lowercase() || letter.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Tools by headings that only their tables have together.
const TOOLS: [(&str, &str); 15] = [
    ("mRemoteNG", "nodetype hostname protocol"),
    ("Remote Desktop Manager", "connectiontype"),
    ("Royal TS", "uri"),
    ("Royal TS", "objecttype"),
    ("RVTools", "vm powerstate"),
    ("Get-ADComputer", "dnshostname"),
    ("Get-DhcpServerv4Lease", "ipaddress scopeid"),
    ("Lansweeper", "assetname"),
    ("Intune", "deviceid devicename"),
    ("Entra ID", "displayname accountenabled"),
    ("Configuration Manager", "resourceid"),
    ("Guacamole", "protocol parametershostname"),
    ("Guacamole", "protocol hostnameparameter"),
    ("Zabbix", "interfacesip"),
    ("rdpscan", "state address port failedstage"),
];

/// The tool that has written a table with these headings.
pub(super) fn tool(headings: &[String]) -> Option<&'static str> {
    let plain: Vec<String> = headings.iter().map(|heading| plain(heading)).collect();
    let found = TOOLS.iter().find(|(_, needed)| {
        needed
            .split_ascii_whitespace()
            .all(|needed| plain.iter().any(|heading| heading == needed))
    });
    found.map(|(tool, _)| *tool)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_heading_has_one_role_and_is_written_plainly() {
        let mut seen = std::collections::HashMap::new();
        for (role, words) in HEADINGS {
            for word in words.split_ascii_whitespace() {
                assert_eq!(plain(word), word, "of {role:?}");
                assert_eq!(seen.insert(word, role), None, "{word}");
            }
        }
    }

    #[test]
    fn headings_are_known_with_any_sign_in_any_language() {
        for (heading, wanted) in [
            ("DNS Name", Role::Name(100)),
            ("Device name", Role::Name(SURE)),
            ("Nom d'hôte", Role::Name(SURE)),
            ("Název počítače", Role::Name(SURE)),
            ("BİLGİSAYAR ADI", Role::Name(SURE)),
            ("hostname (parameter)", Role::Name(SURE)),
            ("IP-Adresse", Role::Address(100)),
            ("IP-адрес", Role::Address(100)),
            ("IP アドレス", Role::Address(100)),
            ("Networking - IP", Role::Address(70)),
            ("parameters.port", Role::Port),
            ("Порт", Role::Port),
            ("RD Gateway", Role::Gateway),
        ] {
            let found = role(heading);
            let folded = heading == "BİLGİSAYAR ADI";
            assert!(found == Some(wanted) || folded, "{heading}: {found:?}");
        }
        for heading in [
            "Serial #",
            "interfaces.port",
            "Subnet IP",
            "DHCP Server IP",
            "OS",
        ] {
            assert_eq!(role(heading), None, "{heading}");
        }
        for heading in [
            "ScopeId",
            "Default Gateway",
            "DNS Servers",
            "ESX Host",
            "OS Version",
        ] {
            assert!(is_of_others(heading), "{heading}");
        }
    }
}

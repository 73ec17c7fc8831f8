//! The server as the documentation sets it up: TLS by an authority of its own, a user for scans and one for each site, and what
//! each may do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream;
use futures_util::StreamExt as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rdpscan::model::ScanStatus;
use rdpscan::sites::subjects;
use serde_json::json;

use super::keys::{Key, Role, credentials};
use super::processes::{NatsServer, Scan, Worker};
use super::{events, fleet, fold, notices};

/// Longer than the server takes to say no.
const SHORT: Duration = Duration::from_secs(2);

/// The configuration in the documentation, with its places and passwords filled in.
fn documented(port: u16, folder: &Path) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/how-to/sites.md");
    let page = std::fs::read_to_string(page).unwrap().replace("\r\n", "\n");
    let mut blocks = page.split("```text\n").skip(1);
    let block = blocks
        .find(|block| block.contains("nats-server.conf"))
        .unwrap();
    let (block, _) = block.split_once("```").unwrap();
    make_certificates(folder);
    let place = |name: &str| folder.join(name).display().to_string();
    let text = block
        .replace("0.0.0.0:4222", &format!("127.0.0.1:{port}"))
        .replace("/etc/nats/server.pem", &place("server.pem"))
        .replace("/etc/nats/server.key", &place("server.key"))
        .replace("/var/lib/nats", &place("store"))
        .replacen("$2a$…", "scan-secret", 1)
        .replacen("$2a$…", "berlin-secret", 1);
    assert!(!text.contains('…'), "{text}");
    text
}

fn make_certificates(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let root = params.self_signed(&key).unwrap();
    std::fs::write(folder.join("ca.pem"), root.pem()).unwrap();
    let issuer = Issuer::new(params, key);
    let key = KeyPair::generate().unwrap();
    let server = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let server = server.signed_by(&key, &issuer).unwrap();
    std::fs::write(folder.join("server.pem"), server.pem()).unwrap();
    std::fs::write(folder.join("server.key"), key.serialize_pem()).unwrap();
}

/// A settings file of a user, with the password in a file of its own.
fn settings(nats: &NatsServer, user: &str, password: &str) -> PathBuf {
    let folder = nats.folder();
    let secret = folder.join(format!("{user}.password"));
    std::fs::write(&secret, format!("{password}\n")).unwrap();
    let file = folder.join(format!("{user}.toml"));
    let text = format!(
        "[nats]\nurl = \"tls://127.0.0.1:{}\"\nca_file = '{}'\nuser = \"{user}\"\npassword_file = '{}'\n",
        nats.port(),
        folder.join("ca.pem").display(),
        secret.display()
    );
    std::fs::write(&file, text).unwrap();
    file
}

async fn client(nats: &NatsServer, user: &str, password: &str) -> async_nats::Client {
    let options = async_nats::ConnectOptions::with_user_and_password(user.into(), password.into());
    let options = options.add_root_certificates(nats.folder().join("ca.pem"));
    let url = format!("tls://127.0.0.1:{}", nats.port());
    let options = options.custom_inbox_prefix("rdpscan.inbox.worker.berlin");
    options.require_tls(true).connect(url).await.unwrap()
}

#[tokio::test]
async fn a_scan_runs_over_tls_with_a_user_for_each_role() {
    let Some(nats) = NatsServer::configured(documented) else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let scan = settings(&nats, "scan", "scan-secret");
    let scan = scan.to_str().unwrap();
    let worker = settings(&nats, "worker-berlin", "berlin-secret");
    let worker = worker.to_str().unwrap();
    let flags = [
        "--config",
        worker,
        "--site",
        "berlin",
        "--allow",
        "127.0.0.0/8",
    ];
    let _worker = Worker::with(&flags, &hosts);
    for site in ["berlin", "any"] {
        let scan = Scan::of(&hosts, &["--config", scan, "--sites", site])
            .finish()
            .await;
        assert_eq!(scan.status, Some(0), "{}", scan.errors);
        let fleet = fold(&events(&scan.recording));
        assert_eq!(fleet.end().unwrap().status, ScanStatus::Complete);
        assert_eq!((fleet.site(), notices(&fleet)), (site, Vec::new()));
    }
    hosts.stop().await;
}

#[tokio::test]
async fn a_wrong_password_or_authority_ends_the_scan_before_it_begins() {
    let Some(nats) = NatsServer::configured(documented) else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let wrong = settings(&nats, "scan", "guessed");
    let scan = Scan::of(&hosts, &["--config", wrong.to_str().unwrap()])
        .finish()
        .await;
    assert_eq!(scan.status, Some(2));
    assert!(
        scan.errors.contains("authorization violation"),
        "{}",
        scan.errors
    );
    assert!(!scan.errors.contains("guessed"), "{}", scan.errors);
    let url = format!("tls://127.0.0.1:{}", nats.port());
    let scan = Scan::of(&hosts, &["--nats", &url]).finish().await;
    assert_eq!(scan.status, Some(2));
    assert!(
        scan.errors.contains("cannot connect to tls://"),
        "{}",
        scan.errors
    );
    hosts.stop().await;
}

#[tokio::test]
async fn a_worker_may_speak_for_its_site_and_do_nothing_else() {
    let Some(nats) = NatsServer::configured(documented) else {
        return;
    };
    let hosts = fleet("negotiation.toml").await;
    let scan = settings(&nats, "scan", "scan-secret");
    let flags = ["--config", scan.to_str().unwrap(), "--sites", "berlin"];
    let scan = Scan::of(&hosts, &flags);
    scan.wait_for("work_planned").await;
    let client = client(&nats, "worker-berlin", "berlin-secret").await;
    let mut context = jetstream::new(client);
    context.set_timeout(SHORT);
    let publishes = async |subject: String| {
        let sent = context.publish(subject, "x".into()).await.unwrap();
        tokio::time::timeout(SHORT, sent.into_future())
            .await
            .is_ok_and(|ack| ack.is_ok())
    };
    let id = "20261201T110000Z-00c0ffee".parse().unwrap();
    assert!(publishes(subjects::events(id, &"berlin".parse().unwrap())).await);
    assert!(!publishes(subjects::events(id, &"hq".parse().unwrap())).await);
    assert!(!publishes(subjects::work(&"berlin".parse().unwrap(), id)).await);
    let stream = jetstream::stream::Config {
        name: "MINE".to_owned(),
        ..Default::default()
    };
    // What the server answers to the scan is not for it.
    let others = context
        .client()
        .subscribe("rdpscan.inbox.scan.>")
        .await
        .unwrap();
    assert!(context.create_stream(stream).await.is_err());
    assert!(context.get_stream(subjects::EVENTS).await.is_err());
    assert!(context.delete_stream(subjects::WORK).await.is_err());
    scan.interrupt();
    assert_eq!(scan.finish().await.status, Some(130));
    let mut others = others;
    assert!(tokio::time::timeout(SHORT, others.next()).await.is_err());
    hosts.stop().await;
}

/// A settings file with one more line.
fn settings_with(nats: &NatsServer, name: &str, line: &str) -> PathBuf {
    let file = nats.folder().join(format!("{name}.toml"));
    std::fs::write(&file, format!("[nats]\n{line}\n")).unwrap();
    file
}

/// Scans from berlin and from all workers, each with a settings file of its own.
async fn scan_works(scan: &Path, worker: &Path) {
    let hosts = fleet("negotiation.toml").await;
    let worker = worker.to_str().unwrap();
    let flags = [
        "--config",
        worker,
        "--site",
        "berlin",
        "--allow",
        "127.0.0.0/8",
    ];
    let _worker = Worker::with(&flags, &hosts);
    let flags = ["--config", scan.to_str().unwrap(), "--sites", "berlin"];
    let scan = Scan::of(&hosts, &flags).finish().await;
    assert_eq!(scan.status, Some(0), "{}", scan.errors);
    let fleet = fold(&events(&scan.recording));
    assert_eq!(fleet.end().unwrap().status, ScanStatus::Complete);
    assert_eq!(notices(&fleet), []);
    hosts.stop().await;
}

#[tokio::test]
async fn keys_log_on_with_what_their_role_may_do() {
    let (scan, worker) = (Key::new(Role::User), Key::new(Role::User));
    let configured = NatsServer::configured(|port, folder| {
        let (scan, worker) = (scan.public(), worker.public());
        documented(port, folder)
            .replace(
                "user: \"scan\", password: \"scan-secret\"",
                &format!("nkey: {scan}"),
            )
            .replace(
                "user: \"worker-berlin\", password: \"berlin-secret\"",
                &format!("nkey: {worker}"),
            )
    });
    let Some(nats) = configured else {
        return;
    };
    let line = |name: &str, key: &Key| {
        let seed = nats.folder().join(format!("{name}.nk"));
        std::fs::write(&seed, format!("{}\n", key.seed())).unwrap();
        let line = format!(
            "url = \"tls://127.0.0.1:{}\"\nca_file = '{}'\nnkey_file = '{}'",
            nats.port(),
            nats.folder().join("ca.pem").display(),
            seed.display()
        );
        settings_with(&nats, name, &line)
    };
    scan_works(&line("scan", &scan), &line("worker", &worker)).await;
    // A worker's key makes no streams, and one that the server does not know opens nothing.
    let hosts = fleet("negotiation.toml").await;
    for (name, key, reason) in [
        ("worker", &worker, "cannot keep the scan"),
        ("other", &Key::new(Role::User), "authorization violation"),
    ] {
        let config = line(name, key);
        let flags = ["--config", config.to_str().unwrap()];
        let refused = Scan::of(&hosts, &flags).finish().await;
        assert_eq!(refused.status, Some(2));
        assert!(refused.errors.contains(reason), "{}", refused.errors);
        assert!(!refused.errors.contains(&key.seed()), "{}", refused.errors);
    }
    hosts.stop().await;
}

#[tokio::test]
async fn files_of_credentials_log_on_at_a_server_of_an_operator() {
    let operator = Key::new(Role::Operator);
    let (account, system) = (Key::new(Role::Account), Key::new(Role::Account));
    let unlimited = json!({
        "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true,
        "conn": -1, "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
    });
    let claims = json!({ "type": "account", "version": 2, "limits": unlimited });
    let configured = NatsServer::configured(|port, folder| {
        let own = operator.token("rdpscan", &account, &claims);
        let mut plain = claims.clone();
        for name in ["mem_storage", "disk_storage", "streams", "consumer"] {
            plain["limits"][name] = json!(0);
        }
        let sys = operator.token("system", &system, &plain);
        let root = operator.token(
            "operator",
            &operator,
            &json!({ "type": "operator", "version": 2 }),
        );
        format!(
            "listen: 127.0.0.1:{port}\njetstream {{ store_dir: '{}' }}\noperator: {root}\nresolver: MEMORY\nsystem_account: {sys_key}\nresolver_preload {{ {key}: {own}, {sys_key}: {sys} }}\n",
            folder.join("store").display(),
            key = account.public(),
            sys_key = system.public(),
        )
    });
    let Some(nats) = configured else {
        return;
    };
    let user = |name: &str, by: &Key, allowed: serde_json::Value| {
        let key = Key::new(Role::User);
        let claims = json!({
            "type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1,
            "pub": allowed["publish"], "sub": allowed["subscribe"],
        });
        let token = by.token(name, &key, &claims);
        let file = nats.folder().join(format!("{name}.creds"));
        std::fs::write(&file, credentials(&token, &key)).unwrap();
        let url = nats.url();
        let line = format!("url = \"{url}\"\ncredentials_file = '{}'", file.display());
        settings_with(&nats, name, &line)
    };
    let all = json!({ "publish": {}, "subscribe": {} });
    let of_berlin = json!({
        "publish": { "allow": [
            "rdpscan.events.*.berlin", "rdpscan.status.berlin", "$JS.API.CONSUMER.INFO.RDPSCAN_WORK.site-berlin",
            "$JS.API.CONSUMER.MSG.NEXT.RDPSCAN_WORK.site-berlin", "$JS.ACK.RDPSCAN_WORK.site-berlin.>",
        ] },
        "subscribe": { "allow": [
            "rdpscan.status.berlin", "rdpscan.control.*", "rdpscan.inbox.worker.berlin.>",
        ] },
    });
    let scan = user("scan", &account, all.clone());
    scan_works(&scan, &user("worker", &account, of_berlin)).await;
    // An account that the operator does not know signs nobody in.
    let hosts = fleet("negotiation.toml").await;
    let other = user("other", &Key::new(Role::Account), all);
    let flags = ["--config", other.to_str().unwrap()];
    let refused = Scan::of(&hosts, &flags).finish().await;
    assert_eq!(refused.status, Some(2));
    assert!(
        refused.errors.contains("authorization violation"),
        "{}",
        refused.errors
    );
    hosts.stop().await;
}

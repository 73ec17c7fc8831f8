//! The server as the documentation sets it up: TLS by an authority of its own, a user for scans and one for each site, and what
//! each may do.

use std::path::{Path, PathBuf};
use std::time::Duration;

use async_nats::jetstream;
use futures_util::StreamExt as _;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rdpscan::model::ScanStatus;
use rdpscan::sites::subjects;

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
    let flags = [
        "--config",
        worker.to_str().unwrap(),
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

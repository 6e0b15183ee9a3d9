//! A TLS 1.3 peer made of rustls:
//!
//!     pure-tls-peer serve -cert FILE -key FILE    prints "LISTEN port", answers each line with the line reversed
//!     pure-tls-peer connect -port N -ca FILE -name HOST -line TEXT
//!
//! Each option has one value. Either role prints what it saw of its last connection as one line of JSON. A client that has
//! -ech encrypts its ClientHello to this ECHConfigList, given in base64.
use std::collections::HashMap;
use std::error::Error;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use base64::prelude::{Engine, BASE64_STANDARD};
use rustls::client::{EchConfig, EchMode, EchStatus};
use rustls::crypto::aws_lc_rs::{self, hpke::ALL_SUPPORTED_SUITES};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::{CertificateDer, EchConfigListBytes, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{
    version::TLS13, ClientConfig, ClientConnection, ConnectionCommon, HandshakeKind, RootCertStore,
    ServerConfig, ServerConnection, SideData, StreamOwned,
};

type Outcome<T> = Result<T, Box<dyn Error>>;

struct Options(HashMap<String, String>);

impl Options {
    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    fn wanted(&self, name: &str) -> Outcome<&str> {
        self.get(name).ok_or_else(|| format!("{name} is missing").into())
    }
}

/// What is reported; `reply` is what a client's line was answered with.
struct Seen {
    facts: String,
    reply: String,
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let role = arguments.next().unwrap_or_default();
    let mut options = Options(HashMap::new());
    while let (Some(name), Some(value)) = (arguments.next(), arguments.next()) {
        options.0.insert(name, value);
    }
    let outcome = match role.as_str() {
        "connect" => connect(&options),
        "serve" => serve(&options),
        _ => Err("serve or connect?".into()),
    };
    match outcome {
        Ok(Seen { facts, reply }) => println!("{{{facts},\"reply\":{reply:?},\"error\":\"\"}}"),
        Err(error) => println!("{{\"error\":{:?}}}", error.to_string()),
    }
}

fn connect(options: &Options) -> Outcome<Seen> {
    let provider = provider(options)?;
    let builder = ClientConfig::builder_with_provider(provider);
    let builder = match options.get("-ech") {
        None => builder.with_protocol_versions(&[&TLS13])?,
        Some(list) => {
            let list = EchConfigListBytes::from(BASE64_STANDARD.decode(list)?);
            builder.with_ech(EchMode::Enable(EchConfig::new(list, ALL_SUPPORTED_SUITES)?))?
        }
    };
    let builder = builder.with_root_certificates(trusted(options.wanted("-ca")?)?);
    let mut config = match options.get("-cert") {
        None => builder.with_no_client_auth(),
        Some(file) => builder.with_client_auth_cert(chain(file)?, key(options.wanted("-key")?)?)?,
    };
    config.alpn_protocols = protocols(options);
    let config = Arc::new(config);
    let name = ServerName::try_from(options.wanted("-name")?.to_string())?;
    let mut last = Err("no connection was asked for".into());
    for _ in 0..count(options)? {
        let socket = TcpStream::connect(("127.0.0.1", options.wanted("-port")?.parse()?))?;
        let connection = ClientConnection::new(config.clone(), name.clone())?;
        let mut stream = StreamOwned::new(connection, socket);
        writeln!(stream, "{}", options.wanted("-line")?)?;
        let mut reader = BufReader::new(stream);
        let mut reply = String::new();
        reader.read_line(&mut reply)?;
        let mut stream = reader.into_inner();
        let accepted = stream.conn.ech_status() == EchStatus::Accepted;
        let facts = format!("{},\"echAccepted\":{accepted}", facts(&stream.conn)?);
        stream.conn.send_close_notify();
        stream.flush()?;
        last = Ok(Seen { facts, reply: reply.trim_end_matches('\n').to_string() });
    }
    last
}

fn serve(options: &Options) -> Outcome<Seen> {
    let provider = provider(options)?;
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_protocol_versions(&[&TLS13])?;
    let builder = match options.get("-ca") {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let roots = Arc::new(trusted(file)?);
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(roots, provider).build()?,
            )
        }
    };
    let mut config = builder.with_single_cert(chain(options.wanted("-cert")?)?, key(options.wanted("-key")?)?)?;
    config.alpn_protocols = protocols(options);
    let config = Arc::new(config);
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("LISTEN {}", listener.local_addr()?.port());
    let mut last = Err("no connection was asked for".into());
    for _ in 0..count(options)? {
        let (socket, _) = listener.accept()?;
        let mut reader = BufReader::new(StreamOwned::new(ServerConnection::new(config.clone())?, socket));
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                break;
            }
            let answer: String = line.trim_end_matches('\n').chars().rev().collect();
            writeln!(reader.get_mut(), "{answer}")?;
        }
        let mut stream = reader.into_inner();
        last = Ok(Seen { facts: facts(&stream.conn)?, reply: String::new() });
        stream.conn.send_close_notify();
        stream.flush()?;
    }
    last
}

/// As members of a JSON object. The names are those of the standard, but for the group's number.
fn facts<Data: SideData>(connection: &ConnectionCommon<Data>) -> Outcome<String> {
    let suite = connection.negotiated_cipher_suite().ok_or("no cipher suite")?;
    let group = connection.negotiated_key_exchange_group().map_or(0, |group| u16::from(group.name()));
    let kind = connection.handshake_kind();
    let protocol = String::from_utf8_lossy(connection.alpn_protocol().unwrap_or_default()).into_owned();
    let material = connection.export_keying_material(
        [0u8; 48],
        b"EXPORTER-interop",
        Some(b"in this context"),
    )?;
    let exported: String = material.iter().map(|byte| format!("{byte:02x}")).collect();
    let suite = suite.suite().as_str().unwrap_or_default().replace("TLS13_", "TLS_");
    // Of a connection that is resumed it does not say whether it was asked again.
    let retried = match kind {
        Some(HandshakeKind::Full) => "\"helloRetryRequest\":false,",
        Some(HandshakeKind::FullWithHelloRetryRequest) => "\"helloRetryRequest\":true,",
        _ => "",
    };
    let resumed = kind == Some(HandshakeKind::Resumed);
    Ok(format!(
        "{retried}\"cipherSuite\":{suite:?},\"group\":{group},\"applicationProtocol\":{protocol:?},\
         \"resumed\":{resumed},\"exported\":{exported:?}"
    ))
}

/// With the groups whose numbers stand in -groups, in that order.
fn provider(options: &Options) -> Outcome<Arc<CryptoProvider>> {
    let mut provider = aws_lc_rs::default_provider();
    if let Some(list) = options.get("-groups") {
        let mut groups: Vec<&'static dyn SupportedKxGroup> = Vec::new();
        for number in list.split(',') {
            let number: u16 = number.parse()?;
            let known = aws_lc_rs::ALL_KX_GROUPS.iter().find(|group| u16::from(group.name()) == number);
            groups.push(*known.ok_or_else(|| format!("no group {number}"))?);
        }
        provider.kx_groups = groups;
    }
    Ok(Arc::new(provider))
}

fn protocols(options: &Options) -> Vec<Vec<u8>> {
    let list = options.get("-alpn").unwrap_or_default();
    list.split(',').filter(|name| !name.is_empty()).map(|name| name.as_bytes().to_vec()).collect()
}

fn count(options: &Options) -> Outcome<u32> {
    Ok(options.get("-count").unwrap_or("1").parse()?)
}

fn chain(file: &str) -> Outcome<Vec<CertificateDer<'static>>> {
    Ok(rustls_pemfile::certs(&mut BufReader::new(File::open(file)?)).collect::<Result<_, _>>()?)
}

fn key(file: &str) -> Outcome<PrivateKeyDer<'static>> {
    Ok(rustls_pemfile::private_key(&mut BufReader::new(File::open(file)?))?.ok_or("no private key")?)
}

fn trusted(file: &str) -> Outcome<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in chain(file)? {
        roots.add(certificate)?;
    }
    Ok(roots)
}

// SPDX-License-Identifier: Apache-2.0
//! fastwebsockets behind hyper's upgrade, as its own echo example has it: a task per connection that reads and writes by turns.

use fastwebsockets::{FragmentCollector, FragmentCollectorRead, Frame, OpCode, Payload, WebSocketError, upgrade};
use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use std::collections::HashMap;
use std::error::Error;
use std::io::ErrorKind;
use std::sync::{Arc, LazyLock, Mutex};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

type Outgoing = (OpCode, Arc<[u8]>);

#[derive(Default)]
struct Members {
    next: u64,
    senders: HashMap<u64, UnboundedSender<Outgoing>>,
}

static MEMBERS: LazyLock<Mutex<Members>> = LazyLock::new(Mutex::default);

async fn echo(upgraded: upgrade::UpgradeFut, tls: bool) -> Result<(), WebSocketError> {
    let mut ws = upgraded.await?;
    if tls {
        ws.set_writev(false); // its TLS example: rustls copies anyway
    }
    let mut ws = FragmentCollector::new(ws);
    loop {
        let frame = ws.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => ws.write_frame(frame).await?,
            _ => {}
        }
    }
}

/// Reads here and writes in a task of its own, which is how its documentation shares a connection.
async fn broadcast(upgraded: upgrade::UpgradeFut) -> Result<(), WebSocketError> {
    let (reader, mut writer) = upgraded.await?.split(tokio::io::split);
    let (sender, mut outgoing) = unbounded_channel::<Outgoing>();
    let id = {
        let mut members = MEMBERS.lock().unwrap();
        members.next += 1;
        let id = members.next;
        members.senders.insert(id, sender.clone());
        id
    };
    tokio::spawn(async move {
        while let Some((opcode, bytes)) = outgoing.recv().await {
            let frame = Frame::new(true, opcode, None, Payload::Borrowed(&bytes));
            if writer.write_frame(frame).await.is_err() || opcode == OpCode::Close {
                return;
            }
        }
    });
    let mut reader = FragmentCollectorRead::new(reader);
    let mut own = |frame: Frame<'_>| {
        let sent = sender.send((frame.opcode, Arc::from(&*frame.payload)));
        std::future::ready(sent)
    };
    let end = loop {
        match reader.read_frame(&mut own).await {
            Ok(frame) if frame.opcode == OpCode::Close => break Ok(()),
            Ok(frame) => {
                let bytes: Arc<[u8]> = Arc::from(&*frame.payload);
                for member in MEMBERS.lock().unwrap().senders.values() {
                    let _ = member.send((frame.opcode, bytes.clone()));
                }
            }
            Err(error) => break Err(error),
        }
    };
    MEMBERS.lock().unwrap().senders.remove(&id);
    end
}

async fn answer(mut request: Request<Incoming>, tls: bool) -> Result<Response<Empty<Bytes>>, WebSocketError> {
    let is_broadcast = match request.uri().path() {
        "/echo" => false,
        "/broadcast" => true,
        _ => {
            let mut response = Response::new(Empty::new());
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    let (response, upgraded) = upgrade::upgrade(&mut request)?;
    tokio::spawn(async move {
        // A connection that breaks off concerns its client alone.
        let _ = if is_broadcast {
            broadcast(upgraded).await
        } else {
            tokio::task::unconstrained(echo(upgraded, tls)).await
        };
    });
    Ok(response)
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S, tls: bool) {
    let _ = http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service_fn(move |request| answer(request, tls)))
        .with_upgrades()
        .await;
}

async fn run(port: u16, tls: Option<TlsAcceptor>) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("0.0.0.0", port)).await?;
    println!("ready");
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error.into()),
        };
        stream.set_nodelay(true)?;
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => serve(stream, false).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, true).await;
                    }
                }
            }
        });
    }
}

fn acceptor(certificates: &str, key: &str) -> Result<TlsAcceptor, Box<dyn Error>> {
    let chain = CertificateDer::pem_file_iter(certificates)?.collect::<Result<Vec<_>, _>>()?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key)?)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (port, tls) = match arguments.as_slice() {
        [port] => (port, None),
        [port, certificates, key] => (port, Some(acceptor(certificates, key)?)),
        _ => return Err("usage: PORT [CERT.pem KEY.pem]".into()),
    };
    let mut runtime = match std::env::var("PEERS_LOOPS").ok().filter(|loops| !loops.is_empty()) {
        None => tokio::runtime::Builder::new_multi_thread(),
        Some(loops) if loops == "1" => tokio::runtime::Builder::new_current_thread(),
        Some(loops) => {
            let mut runtime = tokio::runtime::Builder::new_multi_thread();
            runtime.worker_threads(loops.parse()?);
            runtime
        }
    };
    runtime.enable_io().build()?.block_on(run(port.parse()?, tls))
}

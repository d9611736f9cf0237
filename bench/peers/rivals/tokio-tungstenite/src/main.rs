// SPDX-License-Identifier: Apache-2.0
//! tokio-tungstenite as its own echo and chat examples have it: `forward` from the reading half to the writing half.

use futures_util::{StreamExt, TryStreamExt, future};
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
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::StatusCode;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error as WebSocketError, Message};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

const MAX_MESSAGE: usize = 64 << 20;

#[derive(Default)]
struct Members {
    next: u64,
    senders: HashMap<u64, UnboundedSender<Message>>,
}

static MEMBERS: LazyLock<Mutex<Members>> = LazyLock::new(Mutex::default);

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(ws: WebSocketStream<S>) -> Result<(), WebSocketError> {
    let (writer, reader) = ws.split();
    reader
        .try_filter(|message| future::ready(message.is_text() || message.is_binary()))
        .forward(writer)
        .await
}

async fn broadcast<S: AsyncRead + AsyncWrite + Unpin>(ws: WebSocketStream<S>) -> Result<(), WebSocketError> {
    let (writer, reader) = ws.split();
    let (sender, mut outgoing) = unbounded_channel();
    let id = {
        let mut members = MEMBERS.lock().unwrap();
        members.next += 1;
        let id = members.next;
        members.senders.insert(id, sender);
        id
    };
    let send = futures_util::stream::poll_fn(|context| outgoing.poll_recv(context)).map(Ok).forward(writer);
    let receive = reader
        .try_filter(|message| future::ready(message.is_text() || message.is_binary()))
        .try_for_each(|message| {
            for member in MEMBERS.lock().unwrap().senders.values() {
                let _ = member.send(message.clone()); // counts a reference, copies nothing
            }
            future::ok(())
        });
    let end = future::select(send, receive).await.factor_first().0;
    MEMBERS.lock().unwrap().senders.remove(&id);
    end
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(stream: S) {
    let config = WebSocketConfig::default().max_message_size(Some(MAX_MESSAGE)).max_frame_size(Some(MAX_MESSAGE));
    let mut is_broadcast = false;
    #[allow(clippy::result_large_err)] // the callback's type is the library's
    let route = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        is_broadcast = request.uri().path() == "/broadcast";
        if is_broadcast || request.uri().path() == "/echo" {
            return Ok(response);
        }
        let mut refusal = ErrorResponse::new(None);
        *refusal.status_mut() = StatusCode::NOT_FOUND;
        Err(refusal)
    };
    if let Ok(ws) = accept_hdr_async_with_config(stream, route, Some(config)).await {
        // A connection that breaks off concerns its client alone.
        let _ = if is_broadcast { broadcast(ws).await } else { echo(ws).await };
    }
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
                None => serve(stream).await,
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream).await;
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

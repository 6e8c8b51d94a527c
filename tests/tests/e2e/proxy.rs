//! A proxy on loopback that loses its connections when so many bytes have gone to the server, and takes no more until it is
//! told to.

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

struct Shared {
    server: String,
    /// Bytes that may still go to the server.
    left: AtomicI64,
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

/// The proxy; it ends when it is dropped.
pub struct Proxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Proxy {
    /// Before `server`, an address on loopback. It loses nothing yet.
    pub fn new(server: &str) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            server: server.to_owned(),
            left: AtomicI64::new(i64::MAX),
            open: Mutex::default(),
            ended: AtomicBool::new(false),
        });
        let all = shared.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                if all.ended.load(Ordering::Relaxed) {
                    return;
                }
                // A connection that cannot be had is one that is lost.
                let _ = client.and_then(|client| serve(&all, client));
            }
        });
        Ok(Self { address, shared })
    }

    /// Its own address, `localhost:port`.
    pub fn address(&self) -> String {
        format!("localhost:{}", self.address.port())
    }

    /// Lets so many bytes go to the server from now on. Answers how many of the former allowance were left.
    pub fn allow(&self, bytes: i64) -> i64 {
        self.shared.left.swap(bytes, Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        lose(&self.shared);
        // The thread waits for a connection.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(shared: &Arc<Shared>, mut client: TcpStream) -> io::Result<()> {
    if shared.left.load(Ordering::SeqCst) <= 0 {
        return client.shutdown(Shutdown::Both);
    }
    let mut server = TcpStream::connect(&shared.server)?;
    let (mut from_server, mut to_client) = (server.try_clone()?, client.try_clone()?);
    shared.open.lock().unwrap().extend([client.try_clone()?, server.try_clone()?]);
    std::thread::spawn(move || {
        let _ = io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let shared = shared.clone();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            let before = shared.left.fetch_sub(read as i64, Ordering::SeqCst);
            let passes = usize::try_from(before).unwrap_or(0).min(read);
            if server.write_all(&buffer[..passes]).is_err() {
                break;
            }
            if passes < read {
                lose(&shared);
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
    Ok(())
}

fn lose(shared: &Shared) {
    for stream in shared.open.lock().unwrap().drain(..) {
        let _ = stream.shutdown(Shutdown::Both);
    }
}

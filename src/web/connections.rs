//! How many connections one address may have at a time: nobody holds all of them by leaving them idle or sending slowly.

use std::any::Any;
use std::collections::HashMap;
use std::net::{IpAddr, Shutdown};
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use ipnet::IpNet;
use socket2::SockRef;

use crate::domain::network::network_of;
use crate::web::client;

/// The connections of each address. A trusted proxy stands for many clients and may have any number.
#[derive(Clone)]
pub struct Connections {
    most: usize,
    unbounded: Arc<[IpNet]>,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// A connection that is counted for as long as this value lives: until it is closed.
struct Counted {
    address: IpAddr,
    open: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

impl Connections {
    /// At most so many for each address, but for those in these networks.
    pub fn new(most: usize, unbounded: &[IpNet]) -> Self {
        Self { most, unbounded: unbounded.into(), open: Arc::default() }
    }

    /// Counts a connection that was just made, or closes it when its address has too many.
    pub fn admit(&self, connection: &dyn Any, data: &mut Extensions) {
        let Some(stream) = connection.downcast_ref::<TcpStream>() else { return };
        let Ok(peer) = stream.peer_addr() else { return };
        let address = network_of(peer.ip().to_canonical());
        if client::is_in(&self.unbounded, peer.ip().to_canonical()) {
            return;
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= self.most {
            tracing::debug!(%address, "An address has too many connections: this one is closed.");
            // The server sees that the other end has gone, and forgets it; the client sees its connection end.
            if SockRef::from(stream).shutdown(Shutdown::Both).is_err() {
                tracing::debug!("It was closed already.");
            }
            return;
        }
        *count += 1;
        drop(open);
        data.insert(Counted { address, open: Arc::clone(&self.open) });
    }
}

//! The live path, from outside: raw sockets on both sides, so that every byte counts.

#![cfg(test)]

mod blocks;
mod bounds;
mod corpus;
mod farewell;
mod framing;
mod heads;
mod http2;
mod http2_limits;
mod http2_pool;
mod http2_provider;
mod laws;
mod limits;
mod limits_provider;
mod live;
mod meters;
mod mirror;
mod peers;
mod pool;
mod streams;
mod support;
mod tee;
mod telling;
mod tls;
mod tls_listener;
mod transparency;
mod transparency_edges;
mod tunnels;
mod upstream;

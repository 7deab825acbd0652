//! Where a provider's name leads. It is asked for every new connection, and no answer is kept: the
//! system's resolver has a cache where its owner wants one, and [`Limits::connection_age_max`] sees to
//! it that a provider which has moved is followed.
//!
//! [`Limits::connection_age_max`]: crate::Limits::connection_age_max

use std::{fmt, io, net::SocketAddr, sync::Arc};
use tokio::net::lookup_host;

/// Addresses of one name that are tried for one connection.
const ADDRESSES_MAX: usize = 8;

/// Answers for the names of providers.
#[derive(Clone, Default)]
pub struct Resolver(Source);

#[derive(Clone, Default)]
enum Source {
    #[default]
    System,
    Given(Arc<Answers>),
}

type Answers = dyn Fn(&str, u16) -> Vec<SocketAddr> + Send + Sync;

impl Resolver {
    /// The system's own: `getaddrinfo`, and with it the hosts file, the search list, and the order in
    /// which addresses of IPv6 and IPv4 are preferred.
    #[must_use]
    pub fn system() -> Self {
        Self::default()
    }

    /// One that is given: the addresses of a host and a port, the best one first. It must answer at
    /// once: the clients of a whole thread wait for it.
    #[must_use]
    pub fn given(answers: impl Fn(&str, u16) -> Vec<SocketAddr> + Send + Sync + 'static) -> Self {
        Self(Source::Given(Arc::new(answers)))
    }

    /// The addresses in the order in which they are to be tried.
    pub(crate) async fn look_up(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let found = match &self.0 {
            Source::System => lookup_host((host, port)).await?.collect(),
            Source::Given(answers) => answers(host, port),
        };
        Ok(by_turns(&found))
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self.0 {
            Source::System => "Resolver::system()",
            Source::Given(_) => "Resolver::given(..)",
        })
    }
}

/// The families by turns, that of the best address first: where one of them leads nowhere, half of the
/// tries do not.
fn by_turns(found: &[SocketAddr]) -> Vec<SocketAddr> {
    let Some(best) = found.first() else { return Vec::new() };
    let (first, second): (Vec<_>, Vec<_>) =
        found.iter().partition(|address| address.is_ipv6() == best.is_ipv6());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let turns = std::iter::from_fn(|| match (first.next(), second.next()) {
        (None, None) => None,
        (one, other) => Some([one, other]),
    });
    turns.flatten().flatten().take(ADDRESSES_MAX).collect()
}

//! A network of its own for a broker, at the end of a cable that can be pulled.

use super::mount::permitted;
use std::{net::Ipv4Addr, process::Command};
use testkit::broker::Site;

/// A network namespace and a pair of interfaces that joins it to where the test runs.
pub(super) struct Cable {
    namespace: String,
    far: String,
    address: Ipv4Addr,
}

impl Cable {
    /// `None`, with a word, where the machine refuses it.
    pub(super) fn lay() -> Option<Self> {
        let process = std::process::id();
        let (namespace, near, far) =
            (format!("foreshadow-{process}"), format!("fs{process}a"), format!("fs{process}b"));
        let [_, _, high, low] = process.to_be_bytes();
        let (here, address) = (Ipv4Addr::new(10, high, low, 1), Ipv4Addr::new(10, high, low, 2));
        ip(&["netns", "add", &namespace])?;
        let cable = Self { namespace, far, address };
        let (space, far) = (&cable.namespace, &cable.far);
        ip(&["link", "add", &near, "type", "veth", "peer", "name", far, "netns", space])?;
        ip(&["address", "add", &format!("{here}/30"), "dev", &near])?;
        ip(&["link", "set", &near, "up"])?;
        ip(&["-n", space, "address", "add", &format!("{address}/30"), "dev", far])?;
        ip(&["-n", space, "link", "set", "lo", "up"])?;
        ip(&["-n", space, "link", "set", far, "up"])?;
        Some(cable)
    }

    /// Where a broker stands at its end.
    pub(super) fn site(&self) -> Site {
        Site::Namespace { name: self.namespace.clone(), address: self.address }
    }

    /// From now on nothing passes, and nobody is told.
    pub(super) fn pull(&self) {
        self.set("down");
    }

    pub(super) fn plug_in(&self) {
        self.set("up");
    }

    fn set(&self, state: &str) {
        let set = ip(&["-n", &self.namespace, "link", "set", &self.far, state]);
        assert!(set.is_some(), "the cable is not {state}");
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        // The interfaces go with it, once nobody is in there any more.
        let _ = Command::new("ip").args(["netns", "delete", &self.namespace]).status();
    }
}

fn ip(args: &[&str]) -> Option<()> {
    permitted(Command::new("ip").args(args))
}

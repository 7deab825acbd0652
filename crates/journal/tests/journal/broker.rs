//! The broker that the tests of this binary share.

use std::{
    env,
    sync::{LazyLock, Mutex, MutexGuard, PoisonError},
};
use testkit::broker::{Broker, Guard, Jars};

/// What the broker lets in by its guarded door.
pub(crate) const PASSWORD: &str = "password-of-the-tests";

/// A broker with its certificate's authority, or one that was there before.
pub(crate) enum Shared {
    Ours { broker: Box<Broker>, ca_pem: String },
    Given(String),
}

static SHARED: LazyLock<Shared> = LazyLock::new(|| match env::var_os("FORESHADOW_KAFKA") {
    Some(address) => Shared::Given(address.into_string().unwrap()),
    None => {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let guard = Guard {
            password: PASSWORD.to_owned(),
            certificate_pem: made.cert.pem(),
            key_pem: made.signing_key.serialize_pem(),
        };
        Shared::Ours { broker: Box::new(start("shared", Some(&guard))), ca_pem: made.cert.pem() }
    }
});

/// The broker that is killed and frozen, by one test at a time, which leaves it running.
pub(crate) fn faulty() -> MutexGuard<'static, Broker> {
    static FAULTY: LazyLock<Mutex<Broker>> = LazyLock::new(|| Mutex::new(start("faulty", None)));
    FAULTY.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(name: &str, guard: Option<&Guard>) -> Broker {
    let jars = Jars::resolve(&Jars::cache(|name| env::var_os(name))).unwrap();
    let folder = format!("foreshadow-broker-{}-{name}", std::process::id());
    Broker::start(&jars, &env::temp_dir().join(folder), guard).unwrap()
}

pub(crate) fn shared() -> &'static Shared {
    &SHARED
}

/// Where clients of the shared broker begin.
pub(crate) fn address() -> String {
    match shared() {
        Shared::Ours { broker, .. } => broker.address(),
        Shared::Given(address) => address.clone(),
    }
}

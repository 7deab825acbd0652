//! One member of a group: which partitions it is to read at present.

use crate::{error::Result, kafka, subscription::Subscription};

/// What a member is told.
pub enum Change {
    /// It is to read this partition from now on. The subscription goes on where the group committed,
    /// or at the oldest record.
    Given(Subscription),
    /// Another member reads this partition from now on. The subscription to it, and its commits, fail
    /// with [`crate::Error::Taken`].
    Taken(u32),
}

/// A member of a group. Dropping it leaves the group, and others get its partitions.
pub struct Membership {
    source: Source,
}

enum Source {
    /// The whole topic, once.
    Embedded(Option<Subscription>),
    Kafka(kafka::Member),
}

impl Membership {
    pub(crate) fn embedded(subscription: Subscription) -> Self {
        Self { source: Source::Embedded(Some(subscription)) }
    }

    pub(crate) fn kafka(member: kafka::Member) -> Self {
        Self { source: Source::Kafka(member) }
    }

    /// The next change; waits until there is one. May be dropped while it waits.
    ///
    /// # Errors
    /// The broker cannot be asked where the group stands, or has put the member out for good.
    pub async fn changed(&mut self) -> Result<Change> {
        match &mut self.source {
            Source::Embedded(whole) => match whole.take() {
                Some(subscription) => Ok(Change::Given(subscription)),
                None => std::future::pending().await,
            },
            Source::Kafka(member) => member.changed().await,
        }
    }
}

//! The books of a deployment: every call in the tables, and every offer accounted for.

use crate::{
    deployment::Deployment,
    wait::{PATIENCE, until},
};

/// Until so many calls are exchanges with their shadows.
pub(super) fn wait_for(deployment: &Deployment, calls: u64) {
    until("every call in the tables", PATIENCE, || {
        (deployment.count("SELECT count(*) AS n FROM shadows") == calls).then_some(())
    });
    assert_eq!(deployment.count("SELECT count(*) AS n FROM exchanges"), calls);
}

/// The next process reads what the last one counted in its last second; then the books close.
pub(super) fn check_books(deployment: &Deployment, calls: u64) {
    let up = deployment.up();
    let sum = |column: &str| {
        deployment.count(&format!("SELECT CAST(sum({column}) AS BIGINT) AS n FROM meters"))
    };
    until("every call offered, by the meters", PATIENCE, || {
        (sum("offered") == calls).then_some(())
    });
    assert_eq!(sum("offered"), sum("accepted") + sum("shed"));
    let recorded = deployment.count("SELECT count(*) AS n FROM exchanges");
    assert_eq!(sum("accepted"), recorded + sum("lost"));
    let twice = "SELECT proxy_instance, offer_seq FROM exchanges \
                 GROUP BY proxy_instance, offer_seq HAVING count(*) > 1";
    assert!(deployment.rows(twice).is_empty());
    up.stop();
}

//! A member that stood still for longer than its session: others have its partition, and it commits
//! nothing of it any more.

use crate::{
    ALL, GROUP, TOPIC, broker,
    place::{PATIENCE, entries, settings},
};
use journal::{
    Change, Error, Log, Subscription,
    kafka::{Kafka, Settings},
};
use std::{
    env,
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
};

const PREFIX: &str = "FORESHADOW_TEST_ZOMBIE";
const NAME: &str = "zombie::a_member_that_stood_still_too_long_commits_no_more";

#[tokio::test(flavor = "multi_thread")]
async fn a_member_that_stood_still_too_long_commits_no_more() {
    if let Some(prefix) = env::var_os(PREFIX) {
        return stand_still(&prefix.into_string().unwrap()).await;
    }
    let settings = settings(&broker::address());
    let kafka = Kafka::open(settings.clone()).unwrap();
    kafka.prepare(TOPIC).await.unwrap();
    kafka.append(TOPIC, &entries(["a", "b"])).unwrap();
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(PREFIX, &settings.prefix)
        .env("FORESHADOW_KAFKA", broker::address())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
    said.find(|line| line.as_ref().unwrap().ends_with("it has read")).unwrap().unwrap();
    signal(child.id(), "STOP");

    let mut member = kafka.join(TOPIC, GROUP).unwrap();
    let change = tokio::time::timeout(PATIENCE, member.changed()).await.unwrap().unwrap();
    let Change::Given(mut ours) = change else { panic!("nothing was given yet") };
    assert_eq!(ours.position(), 0, "it had committed nothing");
    read(&mut ours).await;
    ours.commit(2).await.unwrap();

    signal(child.id(), "CONT");
    writeln!(child.stdin.take().unwrap(), "commit").unwrap();
    let last = said.find(|line| line.as_ref().unwrap().contains("it commits: ")).unwrap().unwrap();
    assert!(last.ends_with("taken"), "{last}");
    assert!(child.wait().unwrap().success());
    let mut next = kafka.join(TOPIC, GROUP).unwrap();
    drop((ours, member));
    let change = tokio::time::timeout(PATIENCE, next.changed()).await.unwrap().unwrap();
    let Change::Given(after) = change else { panic!("nothing was given yet") };
    assert_eq!(after.position(), 2, "what the other committed holds");
}

/// In a process of its own.
async fn stand_still(prefix: &str) {
    let settings = Settings { prefix: prefix.to_owned(), ..settings(&broker::address()) };
    let mut member = Kafka::open(settings).unwrap().join(TOPIC, GROUP).unwrap();
    let Change::Given(mut partition) = member.changed().await.unwrap() else { return };
    read(&mut partition).await;
    say("it has read");
    std::io::stdin().read_line(&mut String::new()).unwrap();
    match partition.commit(2).await {
        Err(Error::Taken { .. }) => say("it commits: taken"),
        other => say(&format!("it commits: {other:?}")),
    }
}

async fn read(partition: &mut Subscription) {
    while partition.position() < 2 {
        partition.next(ALL, ALL).await.unwrap();
    }
}

fn say(what: &str) {
    writeln!(std::io::stdout(), "{what}").unwrap();
}

fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status();
    assert!(sent.unwrap().success());
}

//! Small files beside the tables: of all who create one, a single one does.

use crate::support::everywhere;
use bytes::Bytes;
use futures::future::join_all;
use lake::{Created, Files};

/// So many at once.
const CREATORS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn of_all_who_create_a_file_at_once_one_succeeds() {
    everywhere(async |site| {
        let files = Files::of(site.0.below("policy"));
        let text = |creator: usize| Bytes::from(format!("of creator {creator}"));
        let creating = (0..CREATORS).map(|creator| files.create("00000001.json", text(creator)));
        let created: Vec<Created> =
            join_all(creating).await.into_iter().map(Result::unwrap).collect();
        let won: Vec<usize> = (0..CREATORS).filter(|it| created[*it] == Created::Now).collect();
        assert_eq!(won.len(), 1, "{created:?}");
        let there = files.read("00000001.json").await.unwrap();
        assert_eq!(there, Some(text(won[0])), "it is as its creator gave it");
        // Whoever lost the answer and asks again is told that it is there.
        let again = files.create("00000001.json", text(won[0])).await.unwrap();
        assert_eq!(again, Created::Now);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_listed_replaced_and_taken_away_where_it_lies() {
    everywhere(async |site| {
        let (files, below) = (Files::of(site.0.clone()), Files::of(site.0.below("followers")));
        assert!(files.names().await.unwrap().is_empty());
        assert_eq!(files.read("b").await.unwrap(), None);
        for name in ["b", "a"] {
            files.replace(name, "one".into()).await.unwrap();
        }
        files.replace("a", "two".into()).await.unwrap();
        below.replace("c", "three".into()).await.unwrap();
        assert_eq!(files.names().await.unwrap(), ["a", "b"]);
        assert_eq!(below.names().await.unwrap(), ["c"]);
        assert_eq!(files.read("a").await.unwrap().unwrap(), "two");
        files.remove("a").await.unwrap();
        files.remove("a").await.unwrap();
        assert_eq!(files.names().await.unwrap(), ["b"]);
    })
    .await;
}

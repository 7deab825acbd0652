//! A bucket that cannot be used: who is told what, and what is told to nobody.

use crate::support::{address, batch, clock, s3};
use lake::{Error, Files, Key, Lake, Place, S3, Secret, Table};

/// A key that nobody has.
const WRONG: &str = "a-secret-that-must-not-be-seen";

fn with_key(id: &str, secret: &str) -> S3 {
    let key = Key { id: id.to_owned(), secret: Secret::new(secret), session: None };
    S3 { key, ..s3() }
}

/// What is said by whoever reads tables, writes them, and follows the policy.
async fn said(address: &str, s3: &S3) -> [Error; 4] {
    let place = Place::bucket(address, s3).unwrap();
    let (lake, files) =
        (Lake::open(place.below("lake"), clock()), Files::of(place.below("policy")));
    let rows = batch(Table::Meters, 0..1);
    [
        lake.versions().await.unwrap_err(),
        lake.append(Table::Meters, rows, None).await.unwrap_err(),
        files.names().await.unwrap_err(),
        files.read("00000001.json").await.unwrap_err(),
    ]
}

#[track_caller]
fn check(errors: &[Error], is_retryable: bool, words: &[&str]) {
    for error in errors {
        assert_eq!(error.is_retryable(), is_retryable, "{error:?}");
        let (shown, debugged) = (error.to_string(), format!("{error:?}"));
        for word in words {
            assert!(shown.contains(word), "{word} is not in {shown}");
        }
        for hidden in [WRONG, "StringToSign", "Signature="] {
            assert!(!debugged.contains(hidden) && !shown.contains(hidden), "{debugged}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_refused_is_told_with_the_remedy_and_not_repeated() {
    let known = s3().key.id;
    let wrong = said(&address(), &with_key(&known, WRONG)).await;
    check(&wrong, false, &["may not be used", "SignatureDoesNotMatch", "the key that [s3] names"]);
    let nobody = said(&address(), &with_key("NOBODY", WRONG)).await;
    check(&nobody, false, &["may not be used", "the key that [s3] names"]);
    assert!(!format!("{:?}", with_key("NOBODY", WRONG)).contains(WRONG));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_that_is_not_there_is_told_with_the_remedy() {
    let errors = said("s3://no-such-bucket/lake", &s3()).await;
    check(&errors, false, &["s3://no-such-bucket/lake/", "no such bucket", "make the bucket"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_does_not_answer_is_told_and_may_be_asked_again() {
    let nobody = S3 { endpoint: Some("http://127.0.0.1:9".to_owned()), ..s3() };
    let errors = said(&address(), &nobody).await;
    check(&errors, true, &["cannot be reached", "does not answer", "`endpoint` of [s3]"]);
}

#[test]
fn an_address_that_is_none_is_refused() {
    let wrong = [
        "nowhere://bucket/lake",
        "s3://",
        "s3://b",
        "s3://Bucket/lake",
        "s3://bucket/../lake",
        "s3://bucket//lake",
        "s3://bucket/la ke",
        "s3://bucket/lake?versionId=1",
        "s3://key:secret@bucket/lake",
    ];
    let s3 = with_key("ID", WRONG);
    for address in wrong {
        let refused = Place::bucket(address, &s3);
        assert!(matches!(refused, Err(Error::Address { .. })), "{address}: {refused:?}");
    }
    for address in ["s3://bucket", "s3://bucket/", "s3://bucket/a/b=c/d_e.f-g/"] {
        let place = Place::bucket(address, &s3).unwrap();
        assert_eq!(place.to_string(), address.trim_end_matches('/'));
        assert!(!format!("{place:?}").contains(WRONG));
    }
}

//! Who a key belongs to, while everything changes.

use std::sync::Arc;

use tokio::task::JoinSet;

use crate::{allow, servers};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_changes_at_the_same_time_all_succeed() {
    for server in servers().await {
        let server = Arc::new(server);
        let mut tasks = JoinSet::new();
        for number in 0..24 {
            let server = Arc::clone(&server);
            tasks.spawn(async move {
                let name = format!("user-{number}");
                let put = [
                    ("UserName", &*name),
                    ("PolicyName", "p"),
                    ("PolicyDocument", &allow("chime:*")),
                ];
                let root = server.as_root();
                let made = root.iam("CreateUser", &put[..1]).await;
                let put = root.iam("PutUserPolicy", &put).await;
                (made.text, put.status)
            });
        }
        while let Some(done) = tasks.join_next().await {
            let (text, put) = done.unwrap();
            assert!(text.contains("<UserId>"), "{}: {text}", server.engine());
            assert_eq!(put, 200, "{}", server.engine());
        }
    }
}

//! Actions and ARNs as people know them, for examples of requests. No answer depends on them.

/// Actions that most have met, for where nobody says which there are.
pub(super) const ACTIONS: [&str; 18] = [
    "s3:GetObject",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:ListBucket",
    "ec2:DescribeInstances",
    "ec2:RunInstances",
    "ec2:TerminateInstances",
    "iam:GetUser",
    "iam:CreateUser",
    "iam:PassRole",
    "sts:AssumeRole",
    "lambda:InvokeFunction",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "kms:Decrypt",
    "sqs:SendMessage",
    "sns:Publish",
    "secretsmanager:GetSecretValue",
];

/// The service in the ARNs that an action is asked on.
pub(super) fn service_of(action: &str) -> String {
    let prefix = action.split(':').next().unwrap_or_default().to_ascii_lowercase();
    match &*prefix {
        // What is assumed is a role.
        "sts" => "iam".to_owned(),
        _ => prefix,
    }
}

/// An ARN that the action could be asked on, if its service has ARNs of the usual form.
pub(super) fn arn_for(action: &str) -> String {
    let lower = action.to_ascii_lowercase();
    let service = service_of(action);
    match &*service {
        "s3" if lower.contains("object") => "arn:aws:s3:::example/key".to_owned(),
        "s3" => "arn:aws:s3:::example".to_owned(),
        "iam" => {
            let kinds = ["user", "group", "role", "policy"];
            let kind = kinds.into_iter().find(|kind| lower.contains(kind));
            format!("arn:aws:iam::111122223333:{}/example", kind.unwrap_or("user"))
        }
        _ => format!("arn:aws:{service}:us-east-1:111122223333:example"),
    }
}

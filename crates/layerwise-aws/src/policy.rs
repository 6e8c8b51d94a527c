//! The two policies of a repository as JSON: which images go by themselves, and that Lambda may pull. Pure.

use layerwise::cloud::RepositoryRules;
use serde_json::{Value, json};

/// As Lambda itself writes it, where it may.
const STATEMENT: &str = "LambdaECRImageRetrievalPolicy";
const LAMBDA: &str = "lambda.amazonaws.com";
const PULLING: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// The lifecycle that `rules` ask for. Content tags alone are counted: a tag that moves, or a cache, is not among them.
pub(crate) fn lifecycle(rules: &RepositoryRules) -> Option<Value> {
    let by_number = rules.max_images.map(|images| {
        json!({
            "description": "layerwise: the newest builds",
            "selection": {
                "tagStatus": "tagged",
                "tagPatternList": ["sha-*"],
                "countType": "imageCountMoreThan",
                "countNumber": images,
            },
        })
    });
    let by_age = rules.max_age_days.map(|days| {
        json!({
            "description": "layerwise: images without a tag",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": days,
            },
        })
    });
    let rules: Vec<Value> = by_number.into_iter().chain(by_age).zip(1..).map(in_order).collect();
    (!rules.is_empty()).then(|| json!({ "rules": rules }))
}

fn in_order((mut rule, priority): (Value, u32)) -> Value {
    rule["rulePriority"] = priority.into();
    rule["action"] = json!({ "type": "expire" });
    rule
}

/// Whether two lifecycles do the same; a policy of nothing is none.
pub(crate) fn same_lifecycle(one: Option<&Value>, other: Option<&Value>) -> bool {
    let rules = |policy: Option<&Value>| {
        policy.and_then(|policy| policy["rules"].as_array().cloned()).unwrap_or_default()
    };
    rules(one) == rules(other)
}

/// Whether a repository's policy lets Lambda pull.
pub(crate) fn is_lambda_let_in(policy: &Value) -> bool {
    let list = |value: &Value| match value {
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        Value::String(value) => vec![value.clone()],
        _ => Vec::new(),
    };
    list_of_statements(policy).iter().any(|statement| {
        let actions: Vec<String> = list(&statement["Action"]);
        statement["Effect"] == "Allow"
            && list(&statement["Principal"]["Service"]).iter().any(|service| service == LAMBDA)
            && PULLING.iter().all(|action| actions.iter().any(|other| other == action || other == "ecr:*"))
    })
}

/// `policy`, or an empty one, and in it that Lambda may pull for `functions`. Everything else in it stays.
pub(crate) fn with_lambda_let_in(policy: Option<Value>, functions: &str) -> Value {
    let mut statements = policy.as_ref().map(list_of_statements).unwrap_or_default();
    statements.retain(|statement| statement["Sid"] != STATEMENT);
    statements.push(json!({
        "Sid": STATEMENT,
        "Effect": "Allow",
        "Principal": { "Service": LAMBDA },
        "Action": PULLING,
        "Condition": { "StringLike": { "aws:sourceArn": functions } },
    }));
    let mut policy = policy.filter(Value::is_object).unwrap_or_else(|| json!({ "Version": "2012-10-17" }));
    policy["Statement"] = statements.into();
    policy
}

/// A single statement may stand without a list around it.
fn list_of_statements(policy: &Value) -> Vec<Value> {
    match &policy["Statement"] {
        Value::Array(statements) => statements.clone(),
        Value::Null => Vec::new(),
        statement => vec![statement.clone()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifecycle_counts_content_tags_and_ages_what_has_none() {
        let rules =
            RepositoryRules { max_images: Some(50), max_age_days: Some(14), ..RepositoryRules::default() };
        insta::assert_snapshot!(format!("{:#}", lifecycle(&rules).unwrap()));
        assert_eq!(lifecycle(&RepositoryRules::default()), None);
        assert!(same_lifecycle(None, Some(&json!({ "rules": [] }))));
        assert!(!same_lifecycle(lifecycle(&rules).as_ref(), None));
    }

    #[test]
    fn lambda_is_let_in_beside_all_others() {
        let foreign = json!({ "Sid": "Other", "Effect": "Allow", "Principal": "*", "Action": "ecr:GetRepositoryPolicy" });
        let policy = json!({ "Version": "2008-10-17", "Statement": foreign.clone() });
        assert!(!is_lambda_let_in(&policy));
        let functions = "arn:aws:lambda:eu-west-1:123456789012:function:*";
        let after = with_lambda_let_in(Some(policy), functions);
        assert!(is_lambda_let_in(&after));
        assert_eq!((&after["Version"], &after["Statement"][0]), (&json!("2008-10-17"), &foreign));
        assert_eq!(with_lambda_let_in(Some(after.clone()), functions), after, "once is enough");
        insta::assert_snapshot!(format!("{:#}", with_lambda_let_in(None, functions)));

        let half = json!({ "Statement": [{ "Effect": "Allow", "Principal": { "Service": [LAMBDA] }, "Action": "ecr:BatchGetImage" }] });
        assert!(!is_lambda_let_in(&half));
        let denied = json!({ "Statement": [{ "Effect": "Deny", "Principal": { "Service": LAMBDA }, "Action": "ecr:*" }] });
        assert!(!is_lambda_let_in(&denied));
    }
}

//! The service model for AWS CLI and boto3.

use std::fs;

use serde_json::Value;

use crate::harness::{run, text};

#[test]
fn the_model_has_all_operations_and_their_pages() {
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["model", "--out", &folder.path().display().to_string()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let read = |name: &str| -> Value {
        let path = folder.path().join("chime/2018-05-01").join(name);
        serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
    };
    let (service, paginators) = (read("service-2.json"), read("paginators-1.json"));
    assert_eq!(service["metadata"]["signingName"], "chime");
    for operation in [
        "CreateAccount",
        "GetUserByEmail",
        "RenameAccount",
        "ListCDRBucket",
        "CreateRoom",
    ] {
        assert!(service["operations"][operation].is_object(), "{operation}");
    }
    assert_eq!(
        service["operations"]["CreateAccount"]["http"]["responseCode"],
        201
    );
    assert_eq!(paginators["pagination"]["ListUsers"]["output_token"], "NextToken");

    let printed: Value = serde_json::from_slice(&run(&["model"]).stdout).unwrap();
    assert_eq!(printed, service);
}

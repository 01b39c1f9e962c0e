"""Validation of policies: `policy lint`, `policy validate`, and the Access Analyzer's ValidatePolicy."""

import json
import pathlib

import pytest

from harness.aws import document, policy, refused, with_place
from harness.server import REPOSITORY, carillon

EXAMPLE = (REPOSITORY / "crates/carillon-policy/src/validate/tests/read_only_example.json").read_text()


@pytest.fixture
def analyzer(root):
    return root.client("accessanalyzer")


def validate(analyzer, text, ty="IDENTITY_POLICY", **more):
    return analyzer.validate_policy(policyDocument=text, policyType=ty, **more)["findings"]


def lint(*arguments, status, input=None):
    done = carillon("policy", "lint", *map(str, arguments), stdin=input, check=False)
    assert done.returncode == status, (done.stdout, done.stderr)
    return done


def write(tmp_path, text, name="policy.json"):
    path = tmp_path / name
    path.write_bytes(text.encode())
    return path


class TestTheExampleOfTheGuide:
    def test_it_is_the_one_that_is_printed(self):
        lines = EXAMPLE.split("\n")
        assert len(lines) == 24 and lines[23] == ""
        assert lines[1].endswith('",  ') and lines[15].endswith('",' + " " * 11)

    def test_the_service_says_only_that_it_is_no_json(self, analyzer):
        [finding] = validate(analyzer, EXAMPLE)
        assert finding["findingType"] == "ERROR" and finding["issueCode"] == "JSON_SYNTAX_ERROR"
        assert finding["findingDetails"] == "Fix the JSON syntax error at index 407 line 16 column 11."
        assert finding["locations"][0]["span"] == {
            "start": {"line": 16, "column": 10, "offset": 407},
            "end": {"line": 16, "column": 33, "offset": 430},
        }

    def test_the_command_names_the_comma_and_goes_on(self, tmp_path):
        done = lint(write(tmp_path, EXAMPLE), "--format", "json", status=1)
        error, warning = json.loads(done.stdout)[0]["findings"]
        assert error["message"] == 'expected `,` or `]`; a comma is missing after `"chime:ListGroups"`'
        assert (error["line"], error["column"], error["offset"]) == (16, 11, 407)
        fix = error["fix"]
        assert (fix["line"], fix["column"], fix["offset"], fix["text"]) == (15, 29, 396, ",")
        assert (warning["code"], warning["line"], warning["column"], warning["offset"]) == (
            "ACTION_NOT_SERVED", 17, 11, 453)

    def test_it_is_mended_and_one_finding_is_left(self, tmp_path, analyzer, root, unique):
        path = write(tmp_path, EXAMPLE)
        [file] = json.loads(lint(path, "--fix", "--format", "json", status=0).stdout)
        assert file["fixed"] == 1
        [finding] = file["findings"]
        assert finding["severity"] == "WARNING" and finding["code"] == "ACTION_NOT_SERVED"
        assert finding["message"] == (
            "chime:GetAccountResource is an action of Amazon Chime that this server has no operation for; "
            "the statement grants the other 11 actions")
        assert finding["suggestion"] == "a guess: for reading an account: chime:GetAccount"
        assert (finding["line"], finding["column"], finding["end_column"], finding["offset"]) == (17, 11, 37, 454)
        mended = path.read_text()
        assert mended == EXAMPLE.replace('"chime:ListGroups"', '"chime:ListGroups",')
        [finding] = validate(analyzer, mended)
        assert finding["issueCode"] == "ACTION_NOT_SERVED"
        assert finding["locations"][0]["span"]["start"] == {"line": 17, "column": 10, "offset": 454}
        root.iam.create_policy(PolicyName=unique("example"), PolicyDocument=mended)

    def test_it_is_not_stored_and_the_refusal_says_where(self, root, unique):
        message = (
            "Syntax errors in policy. (line 16, column 11: expected `,` or `]`; a comma is missing after "
            '`"chime:ListGroups"`)')
        with refused("MalformedPolicyDocument", 400, message):
            root.iam.create_policy(PolicyName=unique("example"), PolicyDocument=EXAMPLE)

    def test_a_name_that_nobody_has_is_an_error(self, analyzer, root, unique):
        text = policy("chime:GetAccountResources")
        [finding] = validate(analyzer, text)
        assert (finding["findingType"], finding["issueCode"]) == ("ERROR", "INVALID_ACTION")
        assert finding["findingDetails"] == (
            "The action chime:GetAccountResources does not exist. Did you mean chime:GetAccountResource?")
        # IAM stores any action.
        root.iam.create_policy(PolicyName=unique("odd"), PolicyDocument=text)


class TestTheService:
    def test_findings_come_in_pages(self, analyzer):
        text = policy(*(f"chime:Nonsense{number}" for number in range(7)))
        pages = list(analyzer.get_paginator("validate_policy").paginate(
            policyDocument=text, policyType="IDENTITY_POLICY", PaginationConfig={"PageSize": 3}))
        assert [len(page["findings"]) for page in pages] == [3, 3, 1]
        places = [finding["locations"][0]["path"][-1] for page in pages for finding in page["findings"]]
        assert places == [{"index": number} for number in range(7)]

    def test_the_cli_asks_it_too(self, root):
        answer = root.cli(
            "accessanalyzer", "validate-policy", "--policy-type", "IDENTITY_POLICY",
            "--policy-document", policy("chime:ListUsers", condition={"Bool": {"chime:x": "true"}}))
        [finding] = answer["findings"]
        assert finding["findingDetails"] == (
            "The condition key chime:x does not exist in the service chime. Use a valid condition key.")
        assert finding["learnMoreLink"].endswith("#invalid_service_condition_key")

    @pytest.mark.parametrize("ty, more, expected", [
        ("IDENTITY_POLICY", {}, {"MISSING_RESOURCE", "UNSUPPORTED_PRINCIPAL"}),
        ("RESOURCE_POLICY", {"validatePolicyResourceType": "AWS::IAM::AssumeRolePolicyDocument"}, set()),
        ("RESOURCE_CONTROL_POLICY", {}, {"MISSING_RESOURCE", "UNSUPPORTED_EFFECT", "INVALID_PRINCIPAL_FORMAT"}),
    ])
    def test_the_type_decides(self, analyzer, ty, more, expected):
        text = document({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"})
        assert {finding["issueCode"] for finding in validate(analyzer, text, ty, locale="FR", **more)} == expected

    def test_bad_requests_are_refused(self, analyzer):
        for more in ({"maxResults": 0}, {"nextToken": "x"}, {"policyType": "POETRY"}):
            request = {"policyDocument": "{}", "policyType": "IDENTITY_POLICY"} | more
            with refused("ValidationException", 400, shape="ValidationException"):
                analyzer.validate_policy(**request)

    def test_it_needs_its_permission(self, user):
        ada = user()
        with refused("AccessDeniedException", 403, shape="AccessDeniedException"):
            validate(ada.client("accessanalyzer"), policy("chime:*"))
        ada = user(policy("access-analyzer:ValidatePolicy"))
        assert validate(ada.client("accessanalyzer"), policy("chime:ListUsers")) == []

    def test_the_managed_policies_have_no_errors(self, root, analyzer):
        for arn in (
            "AmazonChimeFullAccess", "AmazonChimeReadOnly", "AmazonChimeUserManagement", "ReadOnlyAccess",
            "AdministratorAccess", "IAMFullAccess", "IAMReadOnlyAccess",
        ):
            arn = f"arn:aws:iam::aws:policy/{arn}"
            try:
                version = root.iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
            except root.iam.exceptions.NoSuchEntityException:
                continue
            stored = root.iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"]
            errors = [
                finding for finding in validate(analyzer, json.dumps(stored)) if finding["findingType"] == "ERROR"
            ]
            assert errors == [], arn


class TestRefusals:
    @pytest.mark.parametrize("text, message", [
        (policy("chime:ListUsers").replace("Allow", "allow"), "The policy failed legacy parsing"),
        (policy("ListUsers"), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."),
        (policy("chime:ListUsers", resource="bucket"), 'Resource bucket must be in ARN format or "*".'),
        (policy("chime:ListUsers")[:-1], "Syntax errors in policy."),
    ], ids=["effect", "action", "resource", "bracket"])
    def test_each_says_where(self, root, group, text, message):
        with refused("MalformedPolicyDocument", 400, with_place(message)):
            root.iam.put_group_policy(GroupName=group(), PolicyName="p", PolicyDocument=text)


class TestTheCommand:
    def test_people_see_the_line_and_a_caret(self, tmp_path):
        path = write(tmp_path, '{"Version": "2012-10-17",\n "Statement": {"Effect": "Alow", "Action": "chime:*", "Resource": "*"}}')
        said = lint(path, status=1).stdout
        assert said == (
            "error[INVALID_EFFECT]: `Alow` is no effect; use `Allow` or `Deny`\n"
            f" --> {path}:2:26\n"
            "  |\n"
            '2 |  "Statement": {"Effect": "Alow", "Action": "chime:*", "Resource": "*"}}\n'
            "  |                          ^^^^^^\n"
            '  = fix: replace `"Alow"` by `"Allow"` at line 2, column 26\n'
            "\n"
            "1 error, 0 security warnings, 0 warnings, 0 suggestions; 1 can be mended with --fix\n"
        )
        assert "\x1b" not in said

    def test_the_exit_status_tells_errors_from_the_rest(self, tmp_path):
        assert lint(write(tmp_path, policy("chime:ListUsers")), status=0).stdout.startswith("0 errors")
        lint(write(tmp_path, policy("chime:GetAccountResource")), status=0)
        lint(write(tmp_path, policy("chime:Nonsense")), status=1)
        assert "nowhere.json" in lint(tmp_path / "nowhere.json", status=2).stderr
        lint(write(tmp_path, "{}"), "--type", "poem", status=2)

    def test_it_reads_standard_input_and_does_not_write_it(self):
        text = policy("chime:Nonsense")
        assert "<stdin>:1:" in lint("-", input=text, status=1).stdout
        assert "--fix" in lint("-", "--fix", input=text, status=2).stderr

    def test_the_type_decides(self, tmp_path):
        path = write(tmp_path, document({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}))
        lint(path, "--type", "trust", status=0)
        lint(path, status=1)

    def test_a_heap_of_faults_is_mended_at_once(self, tmp_path):
        path = write(tmp_path, "\ufeff{\n 'Version': '2012-10-17', // now\n statement: [{\n  \"Effect\" = \"Allow\"\n"
                               "  \"Action\": [\"chime:ListUser\" \"chime:GetUser\",],\n  \"Resource\": \"*\",\n }\n")
        [file] = json.loads(lint(path, "--fix", "--format", "json", status=0).stdout)
        assert file["findings"] == [] and file["fixed"] >= 9
        assert json.loads(path.read_text()) == {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": ["chime:ListUsers", "chime:GetUser"], "Resource": "*"}],
        }

    def test_code_hosts_get_sarif(self, tmp_path):
        path = write(tmp_path, EXAMPLE, "read only.json")
        log = json.loads(lint(path, "--format", "sarif", status=1).stdout)
        assert log["version"] == "2.1.0"
        [run] = log["runs"]
        rules = run["tool"]["driver"]["rules"]
        assert len({rule["id"] for rule in rules}) == len(rules) > 100
        error, warning = run["results"]
        assert rules[error["ruleIndex"]]["id"] == error["ruleId"] == "JSON_SYNTAX_ERROR"
        assert (error["level"], warning["level"]) == ("error", "warning")
        place = error["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"].endswith("/read%20only.json")
        assert (place["region"]["startLine"], place["region"]["startColumn"]) == (16, 11)
        [change] = error["fixes"][0]["artifactChanges"]
        assert change["replacements"][0]["insertedContent"] == {"text": ","}


def test_lines_are_answered_one_by_one():
    cases = [
        {"id": "a", "type": "identity", "policy": policy("chime:ListUsers")},
        {"id": "b", "type": "identity", "policy": policy("chime:Nonsense")},
        {"id": "c", "type": "identity", "policy": "{"},
        {"id": "d", "type": "trust", "policy": policy("sts:AssumeRole")},
        {"id": "e", "type": "nothing", "policy": "{}"},
    ]
    done = carillon("policy", "validate", stdin="\n".join(map(json.dumps, cases)))
    answers = {answer["id"]: answer for answer in map(json.loads, done.stdout.splitlines())}
    assert answers["a"] == {"id": "a", "accepted": True, "valid": True, "findings": []}
    assert (answers["b"]["accepted"], answers["b"]["valid"]) == (True, False)
    assert (answers["c"]["accepted"], answers["c"]["valid"]) == (False, False)
    assert (answers["d"]["accepted"], answers["d"]["valid"]) == (False, False)
    assert "nothing" in answers["e"]["error"]
    [finding] = answers["b"]["findings"]
    assert {"severity", "code", "message", "path", "line", "column", "end_line", "end_column", "offset"} <= set(finding)
    assert finding["path"] == ["Statement", 0, "Action", 0]


def test_the_reference_has_every_code():
    reference = pathlib.Path(REPOSITORY / "docs/policy-validation.md").read_text()
    done = carillon("policy", "lint", "-", "--format", "sarif", stdin="{}", check=False)
    rules = json.loads(done.stdout)["runs"][0]["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules if f"### {rule['id'].lower()}\n" not in reference.lower()] == []

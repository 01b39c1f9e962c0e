"""The policy editor in a real browser: forms and JSON of the same document."""

import json

import pytest

from harness.aws import document
from harness.tab import MANAGED, admin, administrator, browser, chromium, violations  # noqa: F401
from test_console_pages import transferred

# What forms cannot show, or would write otherwise without being asked to.
ODD = {
    "a key twice": '{"Statement": [{"Effect": "Deny", "Effect": "Allow", "Action": "*", "Resource": "*"}]}',
    "a key twice, spelt otherwise": '{"Statement": [{"Sid": "x", "S\\u0069d": "y"}]}',
    "a number that has no such form": '{"Statement": [], "Id": 12345678901234567890}',
    "no JSON": '{"Statement": [}',
    "no object": "[]",
    "statements that are none": '{"Statement": ["x"]}',
}


@pytest.fixture
def editor(admin):  # noqa: F811
    one = admin
    one.open("iam/policies")
    one.button("Create policy").click()
    one.page.wait_for_selector(".ace_editor")
    one.page.wait_for_selector("text=EMPTY_ARRAY_ACTION")
    return one


def show(tab, view):
    tab.page.get_by_role("button", name=view, exact=True).click()


def text(tab):
    show(tab, "JSON")
    tab.page.wait_for_selector(".ace_editor")
    return tab.page.evaluate("document.querySelector('.ace_editor').env.editor.getValue()")


def write(tab, text):
    show(tab, "JSON")
    tab.page.wait_for_selector(".ace_editor")
    tab.page.evaluate("text => document.querySelector('.ace_editor').env.editor.setValue(text)", text)
    # The editor tells of a change a moment later.
    tab.page.wait_for_timeout(400)


def choose(tab, label, option):
    tab.page.get_by_role("button", name=label).click()
    tab.page.get_by_role("option", name=option, exact=True).click()


def test_a_policy_is_put_together_without_json(editor, root, unique):  # noqa: F811
    name = unique("visual")
    editor.box("Name").fill(name)
    show(editor, "Visual")
    editor.page.get_by_role("button", name="Actions of chime").click()
    editor.page.get_by_placeholder("Find actions").fill("ListAcc")
    editor.page.get_by_role("option", name="chime:ListAccounts", exact=True).click()
    editor.page.keyboard.press("Escape")
    editor.box("Actions, as the policy has them").fill("chime:Get*")
    editor.button("Add an action").click()
    editor.button("Remove *").click()
    resource = editor.box("Resources")
    resource.fill("arn:aws:chime::111122223333:account/*")
    resource.press("Enter")
    editor.page.get_by_role("combobox", name="Condition key").fill("aws:SourceIp")
    editor.page.get_by_role("combobox", name="Operator").fill("IpAddress")
    editor.box("Value").fill("203.0.113.0/24")
    editor.button("Add condition").click()
    editor.box("IpAddress aws:SourceIp").fill("198.51.100.0/24")
    editor.button("Add a value").click()
    editor.box("Name of the statement").fill("FromTheOffice")
    editor.page.get_by_text("Statement 1: FromTheOffice").first.wait_for()
    chromium.screenshot(editor.page, "console-policy-visual")
    assert violations(editor.page) == []
    editor.button("Add statement").click()
    editor.button("Remove statement 2").click()
    expected = {
        "Version": "2012-10-17",
        "Statement": [{
            "Effect": "Allow",
            "Action": ["chime:ListAccounts", "chime:Get*"],
            "Resource": ["arn:aws:chime::111122223333:account/*"],
            "Condition": {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "198.51.100.0/24"]}},
            "Sid": "FromTheOffice",
        }],
    }
    assert json.loads(text(editor)) == expected
    editor.page.get_by_role("dialog").get_by_role("button", name="Create policy", exact=True).click()
    editor.page.get_by_role("link", name=name).wait_for()
    made = next(one for one in root.iam.list_policies(Scope="Local")["Policies"] if one["PolicyName"] == name)
    version = root.iam.get_policy_version(PolicyArn=made["Arn"], VersionId="v1")["PolicyVersion"]
    assert version["Document"] == expected


def test_a_level_of_access_is_one_press(editor):
    show(editor, "Visual")
    choose(editor, "Service", "sts")
    editor.button("Add all Read").click()
    actions = json.loads(text(editor))["Statement"][0]["Action"]
    assert "sts:GetCallerIdentity" in actions and all(one.startswith("sts:") for one in actions)
    show(editor, "Visual")
    choose(editor, "Service", "iam")
    editor.button("Add iam:*").click()
    assert json.loads(text(editor))["Statement"][0]["Action"] == [*actions, "iam:*"]


def test_a_document_is_the_same_after_it_was_shown(editor):
    """Seen as forms and not touched, it is not even laid out anew; touched, the rest stays as it was."""
    written = json.dumps({
        "Id": "kept", "Version": "2008-10-17", "Statement": {
            "Principal": {"AWS": ["111122223333", "*"]}, "NotAction": "iam:*", "__proto__": {"kept": True},
            "Effect": "Deny", "NotResource": ["a", "b"], "Mystery": [1, 2.5, None, {"deep": "yes"}],
            "Condition": {"Bool": {"aws:SecureTransport": False}, "NumericLessThan": {"aws:MultiFactorAuthAge": 60},
                          "ForAnyValue:StringLike": {"aws:TagKeys": ["x", "y"]}}}})
    write(editor, written)
    show(editor, "Visual")
    editor.page.get_by_text("Only in JSON, and kept as it is").wait_for()
    for name in ("Principal", "Mystery"):
        assert name in editor.page.get_by_text("Only in JSON, and kept as it is").inner_text()
    editor.page.get_by_text("All resources except").first.wait_for()
    assert violations(editor.page) == []
    assert text(editor) == written
    show(editor, "Visual")
    editor.box("Name of the statement").fill("Touched")
    before, after = json.loads(written), json.loads(text(editor))
    assert after["Statement"].pop("Sid") == "Touched"
    assert after == before
    assert list(after["Statement"]) == list(before["Statement"]), "in the same order"


@pytest.mark.parametrize("what", ODD)
def test_what_forms_would_spoil_is_left_to_json(editor, what):
    write(editor, ODD[what])
    show(editor, "Visual")
    editor.page.get_by_text("This document is only for JSON").wait_for()
    assert text(editor) == ODD[what]


def test_a_trust_policy_keeps_its_principal(admin, root, unique):  # noqa: F811
    name = unique("trusted")
    trust = document({"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"})
    root.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)
    one = admin
    one.open(f"iam/roles/{name}")
    show(one, "Visual")
    one.page.get_by_text("Only in JSON, and kept as it is").wait_for()
    one.box("Name of the statement").fill("Ours")
    assert violations(one.page) == []
    changed = json.loads(text(one))["Statement"]
    statement = changed[0] if isinstance(changed, list) else changed
    assert statement["Principal"] and statement["Sid"] == "Ours"


def test_what_nobody_may_change_is_shown(admin):  # noqa: F811
    one = admin
    one.open(f"iam/policy?arn={MANAGED}AmazonChimeReadOnly")
    show(one, "Visual")
    one.page.get_by_text("Actions, as the policy has them").first.wait_for()
    assert one.page.query_selector("text=Add statement") is None
    assert one.page.query_selector("[aria-label^='Remove statement']") is None
    assert violations(one.page) == []


def test_what_policies_are_made_of_is_completed(editor):
    write(editor, "")
    for typed, expected in [
            ("aws:SourceI", "aws:SourceIp"), ("chime:ListAcc", "chime:ListAccounts"),
            ("NumericLess", "NumericLessThanIfExists"), ("NotRes", "NotResource")]:
        editor.page.evaluate(
            "typed => { const one = document.querySelector('.ace_editor').env.editor;"
            "one.setValue(''); one.focus(); one.insert(typed); one.execCommand('startAutocomplete'); }", typed)
        editor.page.wait_for_function(
            "expected => document.querySelector('.ace_autocomplete')?.textContent.includes(expected)", arg=expected)
        editor.page.keyboard.press("Escape")


def test_both_views_together_are_small(editor):
    show(editor, "Visual")
    editor.box("Resources").wait_for()
    size = transferred(editor.page, ".js")
    print(f"script of the policy page with both views: {size} bytes compressed")
    assert size < 500_000

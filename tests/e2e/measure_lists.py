"""Measures the lists of an account, and `GetUserByEmail`, with few people in it and with very many.

    CARILLON_BIN=target/release/carillon .venv/bin/python tests/e2e/measure_lists.py --users 200000

A page of `ListUsers` at each tenth of the list is asked for, with its filters, the reports, and `ListAccounts` for a
person. What is measured is the processor time of the server, so that neither the client nor a busy machine counts. It
says how many times as much each takes with many people, and fails if one takes more than twice as much.

The users are copied in the database from one that was invited, as in `measure_console.py`.
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile

from harness.server import Server, carillon
from measure_console import email, multiply

FEW = 200
PAGE = 20
CALLS = 200


class Meter:
    def __init__(self, server):
        self.stat = pathlib.Path(f"/proc/{server.process.pid}/stat")

    def seconds(self):
        fields = self.stat.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def milliseconds(self, step):
        """Of one call, after one that nobody counts."""
        step()
        before = self.seconds()
        for _ in range(CALLS):
            step()
        return (self.seconds() - before) * 1000 / CALLS


def tokens(root, account, users):
    """A token for a page at each tenth of the list."""
    found, token = [None], None
    pages = users // 200
    for number in range(1, pages):
        more = {"NextToken": token} if token else {}
        token = root.chime.list_users(AccountId=account, MaxResults=200, **more)["NextToken"]
        if number % max(1, pages // 10) == 0:
            found.append(token)
    return found


def measure(folder, users):
    server = Server(folder)
    models = folder / "models"
    carillon("model", "--out", models)
    server.models = lambda: str(models)
    server.start()
    root = server.root
    account = root.chime.create_account(Name="Lists")["Account"]["AccountId"]
    root.chime.invite_users(AccountId=account, UserEmailList=[email(0)])
    server.stop()
    multiply(server, account, users)
    server.start()
    milliseconds = Meter(server).milliseconds
    try:
        def page(**more):
            return lambda: root.chime.list_users(AccountId=account, MaxResults=PAGE, **more)

        found = {
            f"ListUsers, {number} tenths in": milliseconds(page(**({"NextToken": token} if token else {})))
            for number, token in enumerate(tokens(root, account, users))
        }
        found["ListUsers, by address"] = milliseconds(page(UserEmail=email(users // 2)))
        found["ListUsers, by type"] = milliseconds(page(UserType="PrivateUser"))
        found["ListUsers, by type, nobody"] = milliseconds(page(UserType="SharedDevice"))
        found["ListAccounts, of a person"] = milliseconds(
            lambda: root.chime.list_accounts(UserEmail=email(users // 2)))
        found["ListMeetingReportData"] = milliseconds(
            lambda: root.chime.list_meeting_report_data(AccountId=account))
        found["ListAccountUsageReportData"] = milliseconds(
            lambda: root.chime.list_account_usage_report_data(AccountId=account))
        found["GetUserByEmail"] = milliseconds(
            lambda: root.chime.get_user_by_email(AccountId=account, UserEmail=email(users // 2)))
        return found
    finally:
        server.kill()


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--users", type=int, default=200_000)
    users = options.parse_args().users
    folder = pathlib.Path(tempfile.mkdtemp(prefix="carillon-lists-"))
    try:
        few = measure(folder / "few", FEW)
        many = measure(folder / "many", users)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    slowest = 0
    print(f"{'':32} {FEW:>8} {users:>8}  times")
    for name, time_of_many in many.items():
        # The few have one page.
        before = few.get(name, few["ListUsers, 0 tenths in"])
        slowest = max(slowest, time_of_many / before)
        print(f"{name:32} {before:8.2f} {time_of_many:8.2f}  {time_of_many / before:.2f}")
    return int(slowest > 2)


if __name__ == "__main__":
    sys.exit(main())

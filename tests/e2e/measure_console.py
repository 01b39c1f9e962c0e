"""Measures the console in a browser: when pages are there, and lists of very many users.

    CARILLON_BIN=target/release/carillon .venv/bin/python tests/e2e/measure_console.py --users 1000000

The users are copied in the database from one that was invited, because inviting them is measured elsewhere
(`carillon-bench import`) and takes longer than the rest.
"""

import argparse
import pathlib
import shutil
import sqlite3
import statistics
import tempfile
import time

from harness import chromium
from harness.aws import Principal
from harness.server import BINARY, Server, carillon
from harness.tab import MANAGED, PASSWORD, Tab

# Kept with each page from its beginning: when something could be read first, and when the largest thing was there.
WATCH = """
    window.paints = {};
    new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) window.paints[entry.entryType] = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
"""
PAINTS = """() => ({
    first: performance.getEntriesByName("first-contentful-paint")[0]?.startTime,
    largest: window.paints["largest-contentful-paint"],
})"""


def multiply(server, account, count):
    """Copies the one user of the account until there are so many."""
    store = sqlite3.connect(server.database.removeprefix("sqlite:"))
    columns = [row[1] for row in store.execute("PRAGMA table_info(chime_user)")]
    other = {
        "user_id": "printf('%08x-0000-4000-8000-%012x', n, n)",
        "email": "printf('person%07d@people.example', n)",
        "email_key": "printf('person%07d@people.example', n)",
        "created_at": "created_at + n",
    }
    wanted = ", ".join(other.get(column, column) for column in columns)
    with store:
        store.execute(
            f"WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) "
            f"INSERT INTO chime_user ({', '.join(columns)}) SELECT {wanted} FROM numbers "
            f"JOIN chime_user ON account_id = ?", [count - 1, account])
    store.execute("ANALYZE")
    store.close()


def paints(browser, server, path, who=None, times=5):
    """Median milliseconds to the first and the largest paint, in windows that have kept nothing from before."""
    found = []
    for _ in range(times):
        tab = Tab(browser, server)
        if who:
            tab.sign_in(who)
        # Signing in leaves files behind; a page is also measured as those see it who come for the first time.
        tab.page.context.new_cdp_session(tab.page).send("Network.clearBrowserCache")
        tab.page.add_init_script(WATCH)
        tab.open(path)
        if who:
            tab.page.get_by_role("row").nth(1).wait_for()
        found.append(tab.page.evaluate(PAINTS))
        tab.close()
    return {kind: statistics.median(one[kind] for one in found) for kind in ("first", "largest")}


def timed(step):
    began = time.perf_counter()
    step()
    return (time.perf_counter() - began) * 1000


def email(number):
    return f"person{number:07}@people.example"


def main():
    options = argparse.ArgumentParser()
    options.add_argument("--users", type=int, default=1_000_000)
    options.add_argument("--pages", type=int, default=100, help="how far to turn over")
    options = options.parse_args()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="carillon-console-"))
    server = Server(folder / "server")
    try:
        models = folder / "models"
        carillon("model", "--out", models)
        server.models = lambda: str(models)
        server.start()
        root: Principal = server.root
        account = root.chime.create_account(Name="Many")["Account"]["AccountId"]
        root.chime.invite_users(AccountId=account, UserEmailList=[email(0)])
        root.iam.create_user(UserName="ada")
        root.iam.create_login_profile(UserName="ada", Password=PASSWORD)
        root.iam.attach_user_policy(UserName="ada", PolicyArn=MANAGED + "AmazonChimeUserManagement")
        server.stop()
        multiply(server, account, options.users)
        server.start()
        ada = type("Ada", (), {"name": "ada"})
        users = f"accounts/{account}/users"
        print(f"{BINARY}, {options.users:,} users")
        with chromium.chromium() as browser:
            for name, path, who in [("sign-in page", "", None), ("users page", users, ada)]:
                one = paints(browser, server, path, who)
                print(f"{name}: first paint {one['first']:.0f} ms, largest {one['largest']:.0f} ms")
            tab = Tab(browser, server).sign_in(ada)
            first = timed(lambda: (tab.open(users), tab.page.get_by_role("link", name=email(0)).wait_for()))
            print(f"first page, with the console around it: {first:.0f} ms")
            turned = []
            for page in range(1, options.pages):
                turned.append(timed(lambda: (
                    tab.page.get_by_role("button", name="Next page").click(),
                    tab.page.get_by_role("link", name=email(page * 100)).wait_for())))
            print(f"next page: {turned[0]:.0f} ms; the next ten: {statistics.median(turned[1:11]):.0f} ms; "
                  f"the last ten up to page {options.pages}: {statistics.median(turned[-10:]):.0f} ms")
            back = timed(lambda: (
                tab.page.get_by_role("button", name="Previous page").click(),
                tab.page.get_by_role("link", name=email((options.pages - 2) * 100)).wait_for()))
            print(f"previous page: {back:.0f} ms")
            box = tab.page.get_by_label("Find a user by e-mail address")
            found = []
            for number in (options.users - 1, options.users // 2, 7):
                box.fill(email(number))
                found.append(timed(lambda: (
                    tab.press("Find"), tab.page.get_by_role("link", name=email(number)).wait_for())))
            print(f"search by address: {statistics.median(found):.0f} ms")
            tab.close()
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

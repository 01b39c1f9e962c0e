"""A real browser: Debian's Chromium, driven by Playwright."""

import contextlib
import os
import pathlib
import shutil

from playwright.sync_api import sync_playwright

EXECUTABLE = shutil.which("chromium")
# What a browser in a test should not do: ask others, or rely on a sandbox that root cannot have.
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
             "--disable-sync", "--no-first-run"]
SCREENSHOTS = pathlib.Path(os.environ.get("CARILLON_SCREENSHOTS", "target/screenshots"))


@contextlib.contextmanager
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=EXECUTABLE, args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


def screenshot(page, name):
    """Keeps a picture for people to look at."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)

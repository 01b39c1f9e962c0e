"""A person with a browser at the portal: follows links, fills in forms, keeps cookies. No JavaScript."""

import html.parser
import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field


@dataclass
class Form:
    action: str = ""
    method: str = "get"
    fields: dict = field(default_factory=dict)  # name: (type, value)


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms = []
        self.links = []
        self.text = []
        self.open = None
        self.refresh = None  # where the page goes on to by itself

    def handle_starttag(self, tag, attributes):
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.open = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self.open)
        elif tag == "meta" and given.get("http-equiv", "").lower() == "refresh":
            self.refresh = given["content"].partition("url=")[2]
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag in ("input", "button", "select", "textarea") and self.open and given.get("name"):
            kind = given.get("type", "submit" if tag == "button" else "text").lower()
            self.open.fields[given["name"]] = (kind, given.get("value", ""))

    def handle_endtag(self, tag):
        if tag == "form":
            self.open = None

    def handle_data(self, data):
        self.text.append(data)


class Page:
    def __init__(self, status, url, headers, body):
        self.status = status
        self.url = url
        self.headers = headers
        self.body = body
        reader = Reader()
        reader.feed(body)
        self.forms = reader.forms
        self.links = reader.links
        self.refresh = reader.refresh
        self.text = " ".join(" ".join(reader.text).split())

    def form_with(self, kind):
        """The first form that has a field of this type."""
        for form in self.forms:
            if any(field == kind for field, _ in form.fields.values()):
                return form
        return None

    def __repr__(self):
        return f"<{self.status} {self.url}: {self.text[:300]}>"


class Browser:
    """One device of one person."""

    def __init__(self, server):
        self.server = server
        # Browsers treat loopback as a secure place, so a cookie marked `Secure` goes there without TLS.
        policy = http.cookiejar.DefaultCookiePolicy(secure_protocols=("http", "https"))
        self.cookies = http.cookiejar.CookieJar(policy)
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))

    def open(self, url, data=None):
        url = urllib.parse.urljoin(self.server.endpoint + "/", url)
        headers = {"User-Agent": "Mozilla/5.0 (test)", "Accept": "text/html"}
        if data is not None:
            headers |= {
                "Origin": self.server.endpoint,
                "Sec-Fetch-Site": "same-origin",
                "Content-Type": "application/x-www-form-urlencoded",
            }
            data = urllib.parse.urlencode(data).encode()
        request = urllib.request.Request(url, data=data, headers=headers)
        try:
            answer = self.opener.open(request, timeout=20)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return Page(answer.status, answer.url, answer.headers, answer.read().decode())

    def submit(self, page, form, **values):
        """Sends a form of a page: hidden fields as they are, the others as `values` says by name or by type."""
        data = {}
        for name, (kind, value) in form.fields.items():
            if kind == "hidden":
                data[name] = value
            elif kind == "checkbox":
                data[name] = value or "on"
            elif name in values:
                data[name] = values[name]
            elif kind in values:
                data[name] = values[kind]
            elif kind != "submit":
                data[name] = value
        target = urllib.parse.urljoin(page.url, form.action or page.url)
        if form.method == "get":
            return self.open(target + "?" + urllib.parse.urlencode(data))
        return self.open(target, data)

    def register(self, link, password, full_name="Ada Lovelace"):
        """Opens an invitation and becomes a user."""
        page = self.open(link)
        assert page.status == 200, page
        form = page.form_with("password")
        assert form, f"no form with a password on {page}"
        page = self.submit(page, form, password=password, text=full_name)
        assert page.status < 400, page
        return page

    def sign_in(self, address, password):
        """The page that the person sees after trying to sign in; the form may come in one step or in two."""
        page = self.open("/signin")
        for _ in range(2):
            form = page.form_with("password") or page.form_with("email")
            assert form, f"no form to sign in with on {page}"
            last = any(kind == "password" for kind, _ in form.fields.values())
            page = self.submit(page, form, email=address, text=address, password=password)
            if last:
                break
        return page

    def is_signed_in(self):
        """Does the portal's own page show itself, rather than ask who is there?"""
        page = self.open("/portal/")
        return page.status == 200 and page.form_with("password") is None and page.form_with("email") is None


class Window:
    """The same with a real browser: a window of one person. `options` are those of Playwright's contexts."""

    def __init__(self, chromium, server, **options):
        self.server = server
        self.context = chromium.new_context(**options)
        self.page = self.context.new_page()
        self.page.set_default_timeout(60_000)  # the machine may be busy

    def open(self, path):
        """Opens a path of the server, or a whole address."""
        self.page.goto(path if "://" in path else self.server.endpoint + path)
        return self

    @property
    def text(self):
        return self.page.inner_text("body")

    @property
    def title(self):
        return self.page.inner_text("h1")

    @property
    def path(self):
        return urllib.parse.urlsplit(self.page.url).path

    def has(self, selector):
        return self.page.locator(selector).count() > 0

    def fill(self, **fields):
        """Types into the fields of these names."""
        for name, value in fields.items():
            self.page.fill(f"[name={name}]:not([type=hidden])", value)
        return self

    def press(self, label):
        """Presses the button of this name, and waits for the page that comes."""
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=label, exact=True).click()
        return self

    def sign_in(self, address, password):
        self.open("/signin").fill(email=address).press("Next")
        return self.fill(password=password).press("Sign in")

    def is_signed_in(self):
        return self.open("/portal").path == "/portal"

    def forget(self):
        """Leaves nobody signed in."""
        self.context.clear_cookies()

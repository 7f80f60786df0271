"""Builds the site and opens it in Chromium, at desktop and phone width."""

import functools
import html.parser
import http.server
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.parse
from pathlib import Path

import pytest

from tests.gan.paths import MNIST

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.slow
pytest.importorskip("sphinx", reason="needs the extra docs")
browser_api = pytest.importorskip("playwright.sync_api", reason="needs playwright")
if CHROMIUM is None:
    pytest.skip("Chromium is not installed: apt install chromium", allow_module_level=True)
WIDTHS = (1280, 390)
TOO_WIDE = """() => [...document.querySelectorAll('table, img, pre, .formula')].filter(element => {
    const box = element.closest('.table-wrapper, .formula, pre') || element;
    return box.getBoundingClientRect().right > window.innerWidth + 1;
}).map(element => element.outerHTML.slice(0, 80))"""


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves files without writing a line per request."""

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Returns the address of the built site. The notebooks of an earlier build are reused."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "-n", "-q", "-b", "html", "docs", str(out)]
    local = {"MNIST": str(MNIST)} if MNIST.exists() else {}
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **local})
    handler = functools.partial(Quiet, directory=str(out))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", out
        server.shutdown()


@pytest.fixture(scope="module")
def browser():
    with browser_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser):
    """Returns a function that opens a tab of a given width, with the list of its errors."""
    tabs = []

    def open_tab(width):
        tab, errors = browser.new_page(viewport={"width": width, "height": 900}), []
        tab.on("console", lambda m: errors.append(m.text) if m.type == "error" else None)
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.on("response", lambda r: errors.append(f"{r.status} {r.url}") if r.status > 399 else 0)
        tabs.append(tab)
        return tab, errors

    yield open_tab
    for tab in tabs:
        tab.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_navigation_opens_without_errors_and_fits(site, open_page, width):
    address, _ = site
    tab, errors = open_page(width)
    tab.goto(f"{address}/index.html")
    entries = tab.eval_on_selector_all(
        ".sidebar-tree a.reference.internal", "links => links.map(link => link.href.split('#')[0])"
    )
    assert len(set(entries)) > 25
    for entry in sorted(set(entries)):
        if width == min(WIDTHS) and "/names/" in entry:  # they differ in their text only
            continue
        assert tab.goto(entry).ok, entry
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, entry
        assert tab.evaluate(TOO_WIDE) == [], entry
    assert errors == []


def test_search_finds_a_method_and_a_page(site, open_page):
    address, _ = site
    tab, errors = open_page(1280)
    for word, expected in (
        ("extragradient", "minmax_jax.extragradient"),
        ("exploitability", "mixed"),
    ):
        tab.goto(f"{address}/search.html?q={word}")
        tab.wait_for_selector("ul.search li a", timeout=30_000)
        tab.wait_for_function("document.querySelector('.search-summary, #search-results p')")
        found = tab.eval_on_selector_all("ul.search li a", "links => links.map(link => link.href)")
        assert any(expected in link for link in found), (word, found[:5])
    assert errors == []


class Links(html.parser.HTMLParser):
    """Collects the links, images and anchors of a page."""

    def __init__(self, text):
        super().__init__()
        self.links, self.anchors = set(), {""}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        self.links.add({"a": values.get("href"), "img": values.get("src")}.get(tag) or "")
        self.anchors.add(values.get("id") or "")


def test_no_link_or_image_of_the_site_is_broken(site):
    _, out = site
    pages = {path: Links(path.read_text()) for path in out.rglob("*.html")}
    checked = 0
    for path, page in pages.items():
        for link in page.links:
            if re.match(r"[a-z]+:", link):  # https, mailto, data
                continue
            file, _, fragment = urllib.parse.unquote(link).partition("#")
            target = (path.parent / file).resolve() if file else path
            assert target.is_file(), f"{path.relative_to(out)} points to {link}"
            if target in pages:
                assert fragment in pages[target].anchors, f"{path.relative_to(out)}: {link}"
            checked += 1
    assert checked > 5000


def test_formulas_of_pages_are_rendered(site):
    _, out = site
    page = (out / "tutorials" / "optimal_transport.html").read_text()
    assert 'class="formula"><math' in page
    shown = [
        re.sub(r"<(pre|code)\b.*?</\1>", "", p.read_text(), flags=re.S) for p in out.rglob("*.html")
    ]
    assert [text for text in shown if "$$" in text or "\\frac" in text] == []


def test_every_public_name_has_a_page_with_a_signature(site):
    _, out = site
    pages = list((out / "api" / "names").glob("*.html"))
    assert len(pages) > 200
    assert [page.name for page in pages if 'class="sig' not in page.read_text()] == []
    text = (out / "api" / "names" / "minmax_jax.extragradient.html").read_text()
    assert text.count("<math") == 2

"""Builds the site and opens it in Chromium, at desktop and phone width."""

import functools
import http.server
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

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
    subprocess.run(command, cwd=ROOT, check=True)
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


def test_no_link_or_image_of_the_site_is_broken(site, open_page):
    address, out = site
    tab, _ = open_page(1280)
    targets = {}
    for path in sorted(out.rglob("*.html")):
        page = f"{address}/{path.relative_to(out)}"
        tab.goto(page, wait_until="domcontentloaded")
        links = "[...document.querySelectorAll('article a[href], article img')]"
        for link in tab.evaluate(f"{links}.map(one => one.href || one.src)"):
            targets.setdefault(link, page)
        ids = tab.evaluate("[...document.querySelectorAll('[id]')].map(one => one.id)")
        targets.update({f"{page}#{name}": None for name in ids})
    local = {link: page for link, page in targets.items() if link.startswith(address) and page}
    assert len(local) > 500
    for link, page in local.items():
        file, _, fragment = link.removeprefix(f"{address}/").partition("#")
        assert (out / file).is_file(), f"{page} points to {link}"
        assert not fragment or f"{address}/{file}#{fragment}" in targets, f"{page}: {link}"


def test_every_public_name_has_a_page_with_a_signature(site):
    _, out = site
    pages = list((out / "api" / "names").glob("*.html"))
    assert len(pages) > 200
    assert [page.name for page in pages if 'class="sig' not in page.read_text()] == []
    text = (out / "api" / "names" / "minmax_jax.extragradient.html").read_text()
    assert text.count("<math") == 2

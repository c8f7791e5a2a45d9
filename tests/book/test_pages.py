"""Every page of the table of contents as a reader without a network sees it: desktop and phone, day and night."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

import pytest
import yaml
from bs4 import BeautifulSoup
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage

ROOT = Path(__file__).parents[2]
VIEWS: list[tuple[int, Literal["light", "dark"]]] = [(1280, "light"), (1280, "dark"), (390, "light"), (390, "dark")]

MEASURE = """async () => {
    await document.fonts.ready;
    if (window.MathJax?.startup?.promise) await MathJax.startup.promise;
    document.querySelectorAll('details').forEach(fold => fold.open = true);
    const article = document.querySelector('article') ?? document.body;
    const all = selector => [...article.querySelectorAll(selector)];
    const scrolls = element => ['auto', 'scroll'].includes(getComputedStyle(element).overflowX);
    const reachable = element => {
        for (let box = element; box !== article; box = box.parentElement) if (scrolls(box)) return true;
        return element.getBoundingClientRect().right <= innerWidth + 1;
    };
    return {
        theme: document.documentElement.dataset.theme,
        width: document.documentElement.scrollWidth,
        cut: all('*').filter(e => !e.closest('mjx-container *') && !reachable(e)).map(e => e.outerHTML.slice(0, 120)),
        images: all('img').map(e => ({source: e.getAttribute('src'), alt: e.alt, width: e.naturalWidth})),
        raw: all('.math').filter(e => !e.querySelector('mjx-container')).map(e => e.textContent),
        wrong: all('mjx-merror').map(e => e.textContent),
        uncopied: all('div.highlight pre').filter(e => !e.parentElement.querySelector('.copybtn'))
            .map(e => e.textContent.slice(0, 60)),
    };
}"""


def pages_of(node: Any) -> Iterator[str]:
    """Yield the files that a table of contents names, in reading order."""
    if isinstance(node, dict):
        yield from (node[key] for key in ("root", "file") if key in node)
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from pages_of(child)


PAGES = list(pages_of(yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))))
NOTEBOOKS = [page for page in PAGES if (ROOT / f"{page}.ipynb").exists()]


@dataclass
class Visit:
    """What happened when one page was opened."""

    requests: list[str] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    measured: dict[str, Any] = field(default_factory=dict)


def look(context: BrowserContext, address: str, until: str = "") -> Visit:
    visit = Visit()

    def listen(line: ConsoleMessage) -> None:
        if line.type == "error":
            visit.troubles.append(line.text)

    with context.new_page() as page:
        page.on("request", lambda request: visit.requests.append(request.url))
        page.on("requestfailed", lambda request: visit.troubles.append(f"not loaded: {request.url}"))
        page.on("pageerror", lambda error: visit.troubles.append(str(error)))
        page.on("console", listen)
        page.goto(address)
        if until:
            page.wait_for_selector(until)
        visit.measured = page.evaluate(MEASURE)
    return visit


def foreign(address: str) -> bool:
    return urlsplit(address).scheme in ("http", "https", "ws", "wss") or address.startswith("//")


@pytest.fixture(scope="module")
def contexts(browser: Browser) -> list[BrowserContext]:
    # Kept from page to page: a warm cache of scripts halves the time.
    return [
        browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme) for width, scheme in VIEWS
    ]


@pytest.fixture(scope="module")
def visits(html: Path, contexts: list[BrowserContext]) -> Callable[[str], list[Visit]]:
    @cache
    def visit(page: str) -> list[Visit]:
        return [look(context, (html / f"{page}.html").as_uri()) for context in contexts]

    return visit


@pytest.fixture(scope="module")
def soup(html: Path) -> Callable[[Path], BeautifulSoup]:
    @cache
    def parse(path: Path) -> BeautifulSoup:
        return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")

    return parse


@pytest.fixture(scope="module")
def rendered(html: Path) -> list[Path]:
    # The theme leaves its templates among the static files.
    return [path for path in sorted(html.rglob("*.html")) if "_static" not in path.relative_to(html).parts]


def test_the_book_renders_without_a_warning(build: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, result = build
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_front_door_leads_to_the_first_page(html: Path, contexts: list[BrowserContext]) -> None:
    visit = look(contexts[0], (html / "index.html").as_uri(), until="article h1")
    assert (html / f"{PAGES[0]}.html").as_uri() in visit.requests
    assert visit.troubles == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_for_nothing_but_files_that_exist(page: str, visits: Callable[[str], list[Visit]]) -> None:
    for visit in visits(page):
        assert visit.requests
        for request in visit.requests:
            parts = urlsplit(request)
            assert parts.scheme in ("file", "data", "blob"), request
            assert parts.scheme != "file" or Path(unquote(parts.path)).is_file(), request


@pytest.mark.parametrize("page", PAGES)
def test_a_page_raises_no_error(page: str, visits: Callable[[str], list[Visit]]) -> None:
    assert [trouble for visit in visits(page) for trouble in visit.troubles] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_follows_the_reader_s_color_scheme(page: str, visits: Callable[[str], list[Visit]]) -> None:
    assert [visit.measured["theme"] for visit in visits(page)] == [scheme for _, scheme in VIEWS]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_never_scrolls_sideways_nor_cuts_anything_off(page: str, visits: Callable[[str], list[Visit]]) -> None:
    for (width, _), visit in zip(VIEWS, visits(page), strict=True):
        assert visit.measured["width"] <= width
        assert visit.measured["cut"] == [], f"at {width} px"


@pytest.mark.parametrize("page", PAGES)
def test_every_figure_loads_and_says_what_it_shows(page: str, visits: Callable[[str], list[Visit]]) -> None:
    for image in visits(page)[0].measured["images"]:
        assert image["width"] > 0, f"{image['source']} was not loaded"
        assert image["alt"].strip(), f"{image['source']} has no alt text"
        assert not image["source"].endswith(image["alt"]), f"the alt text of {image['source']} is its file name"


@pytest.mark.parametrize("page", PAGES)
def test_every_formula_is_set(page: str, visits: Callable[[str], list[Visit]]) -> None:
    for visit in visits(page):
        assert visit.measured["raw"] == []
        assert visit.measured["wrong"] == []


@pytest.mark.parametrize("page", PAGES)
def test_every_piece_of_code_can_be_copied(page: str, visits: Callable[[str], list[Visit]]) -> None:
    assert visits(page)[0].measured["uncopied"] == []


@pytest.mark.parametrize("page", PAGES)
def test_a_page_introduces_itself_when_shared(page: str, html: Path, soup: Callable[[Path], BeautifulSoup]) -> None:
    head = soup(html / f"{page}.html").head
    assert head is not None and head.title is not None and head.title.text.strip()
    for selector in ('meta[name="description"]', 'meta[property="og:title"]', 'meta[property="og:description"]'):
        tags = head.select(selector)
        assert len(tags) == 1 and str(tags[0]["content"]).strip(), selector
    assert all(foreign(str(tag["content"])) for tag in head.select('meta[property="og:url"]'))


def test_no_two_pages_have_one_title(html: Path, soup: Callable[[Path], BeautifulSoup]) -> None:
    titles = [soup(html / f"{page}.html").title for page in PAGES]
    assert len({title.text for title in titles if title}) == len(PAGES)


@pytest.mark.parametrize("page", NOTEBOOKS)
def test_a_chapter_offers_its_notebook(page: str, html: Path, soup: Callable[[Path], BeautifulSoup]) -> None:
    path = html / f"{page}.html"
    links = soup(path).select('.article-header-buttons a[href$=".ipynb"]')
    assert links, "no download button"
    for link in links:
        offered = (path.parent / unquote(str(link["href"]))).resolve()
        assert offered.read_bytes() == (ROOT / f"{page}.ipynb").read_bytes()


def test_no_page_takes_anything_from_another_host(rendered: list[Path], soup: Callable[[Path], BeautifulSoup]) -> None:
    found = []
    for path in rendered:
        for tag in soup(path).find_all(True):
            if tag.name == "link" and tag["rel"] == ["canonical"]:
                continue
            names = ("src", "srcset", "poster", "data", "href" if tag.name == "link" else "src")
            found += [f"{path.name}: {tag}" for name in names if foreign(str(tag.get(name, "")).strip())]
    assert found == []


def test_no_style_sheet_takes_anything_from_another_host(html: Path) -> None:
    styles = {path: path.read_text(encoding="utf-8").replace('"', "").replace("'", "") for path in html.rglob("*.css")}
    signs = ("url(http", "url(//", "@import http", "@import //")
    assert [path.name for path, text in styles.items() if any(sign in text for sign in signs)] == []


def test_every_link_inside_the_book_arrives(rendered: list[Path], soup: Callable[[Path], BeautifulSoup]) -> None:
    broken = []
    for path in rendered:
        for link in soup(path).select("a[href]"):
            parts = urlsplit(str(link["href"]))
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            arrives = target.is_file()
            if arrives and target.suffix == ".html" and parts.fragment:
                arrives = soup(target).find(id=unquote(parts.fragment)) is not None
            if not arrives:
                broken.append(f"{path.name}: {link['href']}")
    assert broken == []


def test_the_search_finds_a_page_without_a_server(html: Path, contexts: list[BrowserContext]) -> None:
    visit = look(contexts[0], (html / "search.html").as_uri() + "?q=article", until="#search-results li a")
    assert visit.troubles == []

"""The HTML report in a real browser: it renders, its filters and its keys work, its plots are drawn, and what a server wrote
stays text. Chromium asks for nothing but the page itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conformance.chromium import Chromium, chromium
from conformance.hostile import write_folder
from typer.testing import CliRunner

from streamnorm.cli.app import app

BAD = "api.example.com/v1"


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chromium]:
    with chromium(tmp_path_factory.mktemp("profile")) as found:
        yield found


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("report")
    file = folder / "report.html"
    done = CliRunner().invoke(
        app, ["report", str(write_folder(folder / "captures")), "-o", str(file)]
    )
    assert done.exit_code == 0, done.output
    return file.as_uri()


@pytest.fixture
def page(browser: Chromium, url: str) -> Iterator[Chromium]:
    browser.view(1200, 900)
    browser.open(url)
    yield browser
    assert browser.complaints == []
    assert [each.partition("#")[0] for each in browser.requests] == [url]
    assert browser.ask("document.title") == "Streaming conformance"


def shown(page: Chromium) -> list[str]:
    """The checks whose rows are seen."""
    return list(
        page.ask(
            "[...document.querySelectorAll('tr[data-c]')].filter(r => r.checkVisibility()).map(r => r.dataset.c)"
        )
    )


def columns(page: Chromium) -> list[str]:
    return list(
        page.ask(
            "[...document.querySelectorAll('thead th + th')].filter(h => h.checkVisibility())"
            ".map(h => h.querySelector('.name').textContent)"
        )
    )


def choose(page: Chromium, field: str, value: str) -> None:
    page.ask(
        f"(() => {{ const f = document.forms[0].elements['{field}']; f.value = '{value}'; "
        "f.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


def panel(page: Chromium) -> dict[str, Any]:
    return dict(
        page.ask(
            "({open: document.getElementById('panel').open, title: document.getElementById('panel-title').textContent, "
            "text: document.getElementById('panel-body').innerText, "
            "plots: document.querySelectorAll('#panel figure > svg').length, "
            "marks: document.querySelectorAll('#panel figure > svg .mark').length})"
        )
    )


def test_the_matrix_is_shown_with_a_column_for_each_endpoint(page: Chromium) -> None:
    assert len(shown(page)) > 60
    bad, _, good = columns(page)
    assert (bad, good) == (BAD, "good")
    assert page.ask("document.querySelector('tr[data-c=\"F-004\"] td').innerText").split()[:2] == [
        "✕",
        "5/6",
    ]
    assert page.ask("document.getElementById('filters').hidden") is False


def test_a_verdict_leaves_the_rows_that_have_it(page: Chromium) -> None:
    page.ask("document.querySelector('input[value=fail]').click()")
    failed = shown(page)
    assert {"E-003", "F-004", "T-001"} <= set(failed)
    assert len(failed) < 15
    assert page.ask("document.querySelectorAll('td.p:not(.dim)').length") == 0
    assert "verdict=fail" in page.ask("location.hash")
    assert f"{len(failed)} of " in page.ask("document.getElementById('tally').textContent")
    page.ask("document.querySelector('button[type=reset]').click()")
    page.ask("new Promise(done => setTimeout(done, 10))")
    assert len(shown(page)) > 60
    assert page.ask("document.getElementById('tally').textContent") == ""


@pytest.mark.parametrize(
    ("field", "value", "some", "none"),
    [
        ("level", "MAY", "T-010", "T-001"),
        ("area", "Usage", "U-002", "T-001"),
        ("dialect", "responses", "R-001", "F-004"),
        ("q", "finish reason", "E-003", "T-001"),
        ("q", "f-004", "F-004", "F-003"),
    ],
)
def test_a_filter_leaves_what_it_names(
    page: Chromium, field: str, value: str, some: str, none: str
) -> None:
    choose(page, field, value)
    left = shown(page)
    assert some in left
    assert none not in left


def test_an_area_without_a_row_has_no_heading(page: Chromium) -> None:
    choose(page, "area", "Usage")
    headings = "[...document.querySelectorAll('tr.area')].filter(r => r.checkVisibility()).map(r => r.innerText.trim())"
    assert page.ask(headings) == ["Usage"]


def test_endpoints_are_filtered_by_name_and_by_dialect(page: Chromium) -> None:
    choose(page, "on", "example.com")
    assert columns(page) == [BAD]
    choose(page, "on", "")
    choose(page, "dialect", "responses")
    assert columns(page) == ["good"]


def test_a_filter_that_leaves_nothing_says_so(page: Chromium) -> None:
    choose(page, "q", "no such words")
    assert shown(page) == []
    assert page.ask("document.getElementById('tally').textContent").startswith("0 of ")


def test_the_address_holds_the_view(page: Chromium, url: str) -> None:
    page.open(f"{url}#verdict=fail&level=MUST&on=example&check=F-004&at={BAD}")
    assert columns(page) == [BAD]
    assert shown(page) == ["E-003", "F-004"]
    assert panel(page)["title"] == f"F-004, {BAD}"


def test_a_cell_opens_to_the_requirement_the_bytes_and_the_plot(page: Chromium) -> None:
    page.ask("document.querySelector('tr[data-c=\"F-004\"] td.f a').click()")
    found = panel(page)
    assert found["open"]
    for said in (
        "No two calls of a response have the same id",
        "OpenAI API reference",
        "6 exchanges: 5 fail, 1 skipped",
        "another call has the id 'call_a'",
        "frame 5, bytes 939-1213",
        '"index":1,"id":"call_a"',
        "first token",
        "And 2 more exchanges",
    ):
        assert said in found["text"], said
    assert (found["plots"], found["marks"]) == (3, 3)
    assert "secret" not in page.ask("document.documentElement.outerHTML")


def test_a_cell_that_passes_opens_too(page: Chromium) -> None:
    page.ask("document.querySelector('tr[data-c=\"T-003\"] td.p').click()")
    found = panel(page)
    assert (found["title"], found["plots"]) == (f"T-003, {BAD}", 1)
    assert "6 exchanges: 6 pass" in found["text"]


def test_keys_go_from_cell_to_cell_and_open_and_close(page: Chromium) -> None:
    page.ask("document.querySelector('td[tabindex=\"0\"]').focus()")
    here = "(() => { const c = document.activeElement; return [c.parentElement.dataset.c, c.cellIndex]; })()"
    assert page.ask(here) == ["T-001", 1]
    page.press("ArrowDown")
    page.press("ArrowRight")
    assert page.ask(here) == ["T-002", 2]
    stops = "[...document.querySelectorAll('#matrix *')].filter(each => each.tabIndex >= 0).length"
    assert page.ask(stops) == 1
    assert page.ask("document.getElementById('hint').textContent").startswith("T-002, ")
    page.press("Enter")
    assert panel(page)["open"]
    page.press("Escape")
    page.ask("new Promise(done => setTimeout(done, 50))")
    assert not panel(page)["open"]
    assert page.ask(here) == ["T-002", 2]


def test_keys_pass_over_what_a_filter_took_away(page: Chromium) -> None:
    page.ask("document.querySelector('input[value=fail]').click()")
    page.ask("document.querySelector('td[tabindex=\"0\"]').focus()")
    first, second = shown(page)[:2]
    page.press("ArrowDown")
    assert page.ask("document.activeElement.parentElement.dataset.c") == second != first


def test_the_panel_goes_on_to_the_next_finding(page: Chromium) -> None:
    page.ask("document.querySelector('tr[data-c=\"E-003\"] td.f a').click()")
    page.ask("document.querySelector('[data-go=\"1\"]').click()")
    assert panel(page)["title"] == f"F-004, {BAD}"
    page.ask("document.querySelector('[data-go=\"-1\"]').click()")
    assert panel(page)["title"] == f"E-003, {BAD}"


def test_hostile_words_stay_text_wherever_they_are_shown(page: Chromium) -> None:
    page.ask(
        "document.querySelectorAll('#findings details').forEach(each => { each.open = true; })"
    )
    page.ask("document.querySelectorAll('tr[data-c=\"E-003\"] td')[1].click()")
    found = panel(page)
    assert "<script>document.title=" in found["text"]
    assert "\\u202egnp.exe" in found["text"]
    assert found["plots"] == 1
    page.ask("document.querySelectorAll('tr[data-c=\"T-007\"] td')[1].click()")
    page.ask("new Promise(done => setTimeout(done, 50))")
    assert (
        page.ask("document.querySelectorAll('img, iframe, object, embed, link, base').length") == 0
    )
    assert page.ask("document.scripts.length") == 2
    assert (
        page.ask(
            "[...document.querySelectorAll('*')].some(e => [...e.attributes].some(a => a.name.startsWith('on')))"
        )
        is False
    )


def test_a_script_that_gets_in_would_not_run(page: Chromium) -> None:
    """The policy holds even where the escaping did not."""
    page.ask(
        "document.body.append(Object.assign(document.createElement('script'), {textContent: 'document.title = 1'}))"
    )
    page.ask(
        "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"document.title = 2\">')"
    )
    page.ask("new Promise(done => setTimeout(done, 50))")
    assert page.ask("document.title") == "Streaming conformance"
    assert any("Content Security Policy" in each for each in page.complaints)
    page.told.clear()
    page.told.append(
        {
            "method": "Network.requestWillBeSent",
            "params": {"request": {"url": page.ask("location.href")}},
        }
    )


def test_without_scripts_all_of_it_can_be_read(browser: Chromium, url: str) -> None:
    browser.view(1200, 900, scripts=False)
    browser.open(f"{url}#f-F-004-0")
    assert len(shown(browser)) > 60
    assert browser.ask("document.getElementById('filters').checkVisibility()") is False
    # The address leads into a part that is closed, which opens.
    assert browser.ask("document.getElementById('f-F-004-0').checkVisibility()") is True
    assert "another call has the id 'call_a'" in browser.ask(
        "document.getElementById('f-F-004-0').innerText"
    )
    assert "the first token after 0.15 s" in browser.ask(
        "document.getElementById('f-F-004-0').innerText"
    )
    browser.view(1200, 900)


@pytest.mark.parametrize("dark", [False, True])
def test_words_stand_out_from_what_is_behind_them(page: Chromium, dark: bool) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 for the words of the matrix, the badges and the panel."""
    page.view(1200, 900, dark=dark)
    page.ask("document.querySelector('tr[data-c=\"F-004\"] td.f a').click()")
    poor = page.ask(CONTRAST)
    assert poor == []
    page.view(1200, 900)


CONTRAST = """(() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => numbers(colour).slice(0, 3).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = getComputedStyle(each).backgroundColor;
      if (numbers(colour)[3] !== 0) return colour;
    }
  };
  const poor = [];
  const words = "#matrix td, #matrix th, .req, .lv, .vd, .sum b, .lead, .legend *, label, #panel p, dt, code, figcaption";
  for (const element of document.querySelectorAll(words)) {
    if (!element.checkVisibility()) continue;
    const [front, back] = [light(getComputedStyle(element).color), light(behind(element))];
    const ratio = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
    if (ratio < 4.5) poor.push(`${element.className || element.tagName} ${ratio.toFixed(2)}`);
  }
  return [...new Set(poor)];
})()"""


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_nothing_is_wider_than_the_window(page: Chromium, width: int) -> None:
    page.view(width, 800)
    assert page.ask("document.documentElement.scrollWidth") <= width
    page.ask("document.querySelector('tr[data-c=\"F-004\"] td.f a').click()")
    assert page.ask("document.getElementById('panel').scrollWidth") <= width
    page.view(1200, 900)

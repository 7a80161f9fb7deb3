"""The HTML report in a real browser: no error, what acts, what leaves the page, screens and paper."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from core.analysis.results import read_results
from tests.tui.report.browser import opened_browser, show
from tui.report.document import report_of
from tui.report.rendering import html_of

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (shutil.which("chromium") and shutil.which("chromedriver")),
        reason="needs Debian's packages chromium and chromium-driver",
    ),
]

VISIBLE = "return [...document.querySelectorAll('#samples-table tbody tr')].filter((row) => !row.hidden)"


@pytest.fixture(scope="module")
def path(profile_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("browser") / "report.html"
    path.write_text(html_of(report_of(read_results(profile_folder))), "utf-8")
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Chrome]:
    with opened_browser() as browser:
        yield browser


@pytest.fixture
def opened(browser: Chrome, path: Path) -> Chrome:
    """The report at desktop width, as it is opened from disk."""
    show(browser, 1280, look="light")
    browser.get_log("performance")
    browser.get(path.as_uri())
    return browser


def test_nothing_fails_and_nothing_leaves_the_page(opened: Chrome, path: Path) -> None:
    assert opened.get_log("browser") == []
    asked = [
        line["message"] for line in opened.get_log("performance") if "requestWillBeSent" in line["message"]
    ]
    assert [path.as_uri() in message for message in asked] == [True]
    entries = opened.execute_script("return performance.getEntriesByType('resource').map((one) => one.name)")
    assert entries == []


def test_the_policy_forbids_other_scripts(opened: Chrome) -> None:
    opened.execute_script(
        "const made = document.createElement('img'); made.src = 'http://127.0.0.1:1/x.png';"
        "document.body.append(made)"
    )
    with pytest.raises(Exception, match="TrustedHTML"):
        opened.execute_script("document.body.innerHTML = '<p onclick=\"0\">x</p>'")
    messages = [line["message"] for line in opened.get_log("browser")]
    assert any("Content Security Policy" in message and "x.png" in message for message in messages)


def test_filters_act(opened: Chrome) -> None:
    total = opened.execute_script(f"{VISIBLE}.length")
    assert total == 480
    for name, value in (("verdict", "broken"), ("benchmark", "deductive")):
        select = Select(opened.find_element("name", name))
        select.select_by_value(value)
    words = opened.execute_script(
        f"{VISIBLE}.map((row) => row.cells[2].textContent + ' ' + row.cells[0].textContent)"
    )
    assert set(words) == {"broken deductive"}
    assert opened.find_element("id", "count").text == f"{len(words)} of 480 samples"
    search = opened.find_element("css selector", "#filters input")
    search.send_keys("nothing like this")
    assert opened.execute_script(f"{VISIBLE}.length") == 0
    opened.find_element("css selector", "#filters button").click()
    WebDriverWait(opened, 60).until(lambda one: one.execute_script(f"{VISIBLE}.length") == total)


def test_sorting_acts_by_keyboard(opened: Chrome) -> None:
    button = opened.find_element("css selector", "#samples-table th:last-child button")
    heading = opened.find_element("css selector", "#samples-table th:last-child")
    values = f"{VISIBLE}.map((row) => parseFloat(row.cells[4].dataset.value)).filter((one) => !isNaN(one))"
    for order in ("ascending", "descending"):
        button.send_keys(Keys.ENTER)
        assert heading.get_attribute("aria-sort") == order
        found = opened.execute_script(values)
        assert found == sorted(found, reverse=order == "descending")
        assert len(found) == 360
    assert opened.execute_script("return getComputedStyle(document.activeElement).outlineStyle") == "solid"


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("look", ["light", "dark"])
def test_it_fits_the_screen_in_both_looks(opened: Chrome, width: int, look: str) -> None:
    show(opened, width, look=look)
    assert opened.execute_script("return document.documentElement.scrollWidth") <= width
    paper = opened.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert paper == ("rgb(255, 255, 255)" if look == "light" else "rgb(20, 23, 28)")


def test_it_prints_on_a4_in_light_colours(opened: Chrome) -> None:
    show(opened, 1280, look="dark", media="print")
    background = "return getComputedStyle(document.body).backgroundColor"
    assert opened.execute_script(background) == "rgb(255, 255, 255)"
    assert not opened.find_element("id", "samples-table").is_displayed()
    printed = opened.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})
    content = base64.b64decode(printed["data"])
    assert content.startswith(b"%PDF")
    assert b"/MediaBox [0 0 594.95996 841.91998]" in content

"""Debian's chromium without a window, driven by selenium."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver import Chrome


@contextmanager
def opened_browser() -> Iterator[Chrome]:
    """A browser that keeps its console and its requests."""
    options = webdriver.ChromeOptions()
    for word in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
    ):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Chrome(options, webdriver.ChromeService(shutil.which("chromedriver"))) as browser:
        browser.set_script_timeout(120)
        yield browser


def show(browser: Chrome, width: int, *, look: str, media: str = "screen", height: int = 900) -> None:
    """Gives the page another size, look (`light`, `dark`) and medium (`screen`, `print`)."""
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    features = [{"name": "prefers-color-scheme", "value": look}]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": media, "features": features})

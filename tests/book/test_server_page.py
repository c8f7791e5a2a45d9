"""The server's own page: what a newcomer finds there works, and comes from no other host."""

from __future__ import annotations

import threading

import pytest
from playwright.sync_api import Browser, expect

from lstm_tutorial.workflow.serve import Server, bind, create_app
from tests.workflow.naive import HOURLY, MONTHLY, Naive


@pytest.mark.parametrize("schema", [MONTHLY, HOURLY], ids=lambda schema: schema.target)
def test_the_example_is_answered_at_a_click_and_no_other_host_is_asked(browser: Browser, schema: object) -> None:
    server = Server(create_app(Naive(schema)))  # type: ignore[arg-type]
    listener, address = bind("127.0.0.1", 0)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    page = browser.new_page()
    try:
        asked: list[str] = []
        problems: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.goto(f"{address}/docs")
        page.locator("#operations-forecasts-forecast_forecast_post button.opblock-summary-control").click()
        page.get_by_role("button", name="Try it out").click()
        page.get_by_role("button", name="Execute").click()
        expect(page.locator(".live-responses-table .response-col_status").last).to_contain_text("200")
        expect(page.locator(".live-responses-table")).to_contain_text("intervals")
    finally:
        page.close()
        server.should_exit = True
        thread.join()
    assert not problems
    assert {url for url in asked if not url.startswith((address, "data:", "blob:"))} == set()

"""The sidebar and the notebook's badges in a real JupyterLab: what a person sees and clicks."""

from __future__ import annotations

import re
import sqlite3
from typing import Any

import nbformat
from playwright.sync_api import expect

from tests.browser.lab import Lab, notebook, open_lab, run_cell, shoot, start_lab, stop


def rows(page: Any) -> Any:
    return page.locator("#mm-history .mm-run")


def click_run(page: Any, version: int, **how: Any) -> None:
    """On its number: in the middle of a row the pointer finds the buttons."""
    row = page.locator(f'#mm-history .mm-run[aria-label^="churn/{version},"]')
    row.locator(".mm-main b").first.click(**how)


def open_run(page: Any, version: int) -> None:
    click_run(page, version)
    expect(page.locator("#mm-history h2")).to_have_text(f"churn/{version}")


def test_the_history_shows_runs_with_metric_change_failure_and_verdict(page: Any, lab: Lab) -> None:
    open_lab(page, lab, width=440)
    expect(rows(page).first).to_be_visible()
    second = page.locator('#mm-history .mm-run[aria-label^="churn/2,"]')
    expect(second).to_have_attribute(
        "aria-label",
        re.compile(r"accuracy 0\.972, better, identical, changed max_depth from 1 to 2"),
    )
    expect(second.locator(".mm-chip")).to_contain_text("max_depth")
    expect(page.locator('#mm-history .mm-run[aria-label^="churn/5,"]')).to_contain_text(
        "ValueError: Input X contains NaN"
    )
    shoot(page, "history")
    open_lab(page, lab, theme="JupyterLab Dark", width=440)
    expect(rows(page).first).to_be_visible()
    shoot(page, "history-dark")
    open_lab(page, lab, width=250)
    expect(rows(page).first).to_be_visible()
    overflow = page.evaluate(
        "() => { const e = document.querySelector('#mm-history .mm-sidebar'); return e.scrollWidth - e.clientWidth; }"
    )
    assert overflow <= 0
    shoot(page, "history-narrow")


def test_a_search_completes_names_and_shows_its_error_in_place(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    field = page.get_by_role("combobox", name="Search runs")
    field.fill("metrics.acc")
    page.locator(".mm-options li").first.click()
    expect(field).to_have_value("metrics.accuracy")
    field.press_sequentially(" > 0.96")
    expect(page.locator(".mm-total")).to_have_text("3 of 7")
    field.fill("experiment == 'churn'")
    expect(rows(page).filter(has_text="0.951")).to_have_count(1)
    field.fill("experiment == 'churn' and metrics.accuracy > 0.96")
    expect(rows(page).filter(has_text="0.972")).to_have_count(1)
    expect(rows(page)).to_have_count(3)
    expect(rows(page).filter(has_text="0.951")).to_have_count(0)
    field.fill("metrics.accuracy >> 1")
    expect(page.locator(".mm-fault")).to_be_visible()
    expect(rows(page).first).to_be_visible()  # the last good result stays
    shoot(page, "search-error")


def test_the_page_of_a_run_shows_what_changed_first_and_edits_notes(page: Any, lab: Lab) -> None:
    open_lab(page, lab, width=440)
    open_run(page, 2)
    sections = page.locator("#mm-history section h3").all_inner_texts()
    assert sections[0].startswith("Changed since churn/1")
    expect(page.locator("#mm-history")).to_contain_text("max_depth")
    expect(page.locator("#mm-verdict")).to_contain_text("bit for bit")
    shoot(page, "run")
    note = page.get_by_role("button", name="Note", exact=True)
    note.dblclick()
    page.get_by_role("textbox", name="Note").fill("<img src=x onerror=\"document.title='broken'\">")
    page.keyboard.press("Enter")
    expect(note).to_have_text(
        "<img src=x onerror=\"document.title='broken'\">"
    )  # text, never markup
    assert page.title() != "broken"
    assert lab.get("runs/churn/2")["row"]["note"].startswith("<img")
    open_run_6(page)
    expect(page.locator("#mm-history .mm-chart").first).to_be_visible()
    page.locator("#mm-history .mm-figure").first.scroll_into_view_if_needed()
    shoot(page, "run-outputs")


def open_run_6(page: Any) -> None:
    page.get_by_role("button", name="Back to the history").click()
    open_run(page, 6)


def test_runs_are_compared_in_the_main_area(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    expect(rows(page).first).to_be_visible()
    for version in (1, 2, 4):
        click_run(page, version, modifiers=["Control"])
    page.get_by_role("button", name="Compare", exact=True).click()
    table = page.locator(".mm-cmp")
    expect(table).to_contain_text("max_depth")
    expect(table).not_to_contain_text("random_state")  # only what differs
    expect(page.locator(".mm-compare .mm-plot canvas").first).to_be_visible()
    page.wait_for_timeout(300)
    shoot(page, "compare")


def test_keys_move_open_and_pick(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    expect(rows(page).first).to_be_visible()
    grid = page.get_by_role("treegrid")
    grid.focus()
    for key in ("Home", "ArrowDown", "x"):
        page.keyboard.press(key)
    expect(page.locator("#mm-history .mm-picked")).to_have_count(1)
    page.keyboard.press("/")
    expect(page.get_by_role("combobox", name="Search runs")).to_be_focused()
    grid.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#mm-history").get_by_role("article")).to_be_focused()
    page.keyboard.press("Escape")
    expect(grid).to_be_focused()


def test_a_replay_is_started_watched_and_judged(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    open_run(page, 1)
    page.get_by_role("button", name="Replay", exact=True).click()
    expect(page.locator("#mm-history .mm-job")).to_contain_text("churn/1")
    shoot(page, "replays")
    expect(page.locator("#mm-history .mm-done").first).to_contain_text("churn/1", timeout=90_000)
    expect(page.locator("#mm-history .mm-done").first).to_contain_text("identical")


def test_a_cell_that_runs_shows_at_once_and_its_badge_says_edited(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    run_cell(page, 0, "%load_ext mm_jupyter")
    expect(page.locator(".mm-status")).to_have_text("recording", timeout=20_000)
    run_cell(page, 7, "%%track live\nanswer = 42.5")
    expect(page.locator('#mm-history .mm-run[aria-label^="live/1,"]')).to_be_visible(timeout=10_000)
    badge = page.locator(".mm-badge", has_text="live/1")
    expect(badge).to_be_visible()
    expect(badge).not_to_contain_text("edited since")
    page.evaluate(
        "() => window.jupyterapp.shell.currentWidget.content.widgets[7].model.sharedModel"
        ".setSource('%%track live\\nanswer = 43')"
    )
    expect(badge).to_contain_text("edited since")
    shoot(page, "badge")
    badge.locator("button").click()
    expect(page.locator("#mm-history h2")).to_have_text("live/1")
    page.get_by_role("button", name="Restore source").click()
    expect(page.locator(".jp-Dialog .mm-diff")).to_contain_text("answer = 42.5")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    expect(badge).not_to_contain_text("edited since")


def test_an_empty_notebook_teaches_the_line_to_type(page: Any, lab: Lab) -> None:
    (lab.root / "empty").mkdir(exist_ok=True)
    nbformat.write(notebook("1 + 1"), lab.root / "empty" / "new.ipynb")
    open_lab(page, lab, path="empty/new.ipynb")
    expect(page.locator("#mm-history")).to_contain_text("No runs in this notebook yet")
    expect(page.locator("#mm-history .mm-sample")).to_contain_text("%%track churn")
    shoot(page, "empty")


def test_axe_finds_no_serious_fault(page: Any, lab: Lab, axe: str) -> None:
    open_lab(page, lab, width=440)
    expect(rows(page).first).to_be_visible()
    found = []
    for act in (lambda: None, lambda: open_run(page, 2), lambda: page.click("#mm-tab-replays")):
        act()
        page.wait_for_timeout(300)
        page.evaluate(axe)
        report = page.evaluate("() => axe.run('#mm-history')")
        found += [
            f"{one['id']}: {one['nodes'][0]['html'][:160]}"
            for one in report["violations"]
            if one["impact"] in ("serious", "critical")
        ]
    assert found == []


def test_a_writer_that_holds_the_store_does_not_keep_readers_out(page: Any, lab: Lab) -> None:
    database = sqlite3.connect(lab.root / ".mm" / "store.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    try:
        open_lab(page, lab)
        expect(rows(page).first).to_be_visible()
    finally:
        database.rollback()
        database.close()


def test_the_panel_recovers_by_itself_when_the_server_comes_back(page: Any, lab: Lab) -> None:
    port = lab.port
    first = start_lab(lab.root, lab.environment)
    try:
        open_lab(page, first)
        expect(rows(page).first).to_be_visible()
        first.process.kill()
        first.process.wait()
        strip = page.locator("#mm-history .mm-strip")
        expect(strip).to_contain_text("The server does not answer", timeout=15_000)
        expect(rows(page).first).to_be_visible()  # the last data stays
        shoot(page, "server-away")
        second = start_lab(lab.root, lab.environment, port=first.port)
        try:
            expect(strip).to_be_hidden(timeout=40_000)
            expect(rows(page).first).to_be_visible()
        finally:
            stop(second.process)
    finally:
        first.process.kill()
    assert port != first.port


def test_the_toolbar_of_a_cell_shows_every_version_of_it(page: Any, lab: Lab) -> None:
    open_lab(page, lab)
    page.evaluate("window.jupyterapp.shell.currentWidget.content.activeCellIndex = 3")
    page.locator('.jp-Cell.jp-mod-active [data-command="mm:cell-history"]').first.click()
    expect(page.locator(".jp-Dialog .mm-versions")).to_contain_text("churn/3")
    shoot(page, "cell-history")
    page.locator(".jp-Dialog .jp-mod-reject").click()

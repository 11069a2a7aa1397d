"""The web console as a person uses it: every view and every action, and what is refused."""

import http.client
import json
import re
from typing import Any

import pytest

from tapewire.common import roles
from tapewire.console.group import status
from tests.browser.conftest import LIVE, Desk
from tests.waiting import wait_for

pytestmark = pytest.mark.browser

VIEWS = (
    "Desk", "Positions", "Orders", "Fills", "Strategies", "Risk", "Instruments", "Events",
    "History", "Scanner", "Logs",
)  # fmt: skip
G = "/api/groups/desk"
FAR = "1.00"  # a price at which nothing is bought


def view(page: Any, name: str) -> None:
    page.locator("nav button", has_text=name).click()
    page.wait_for_selector(f'nav button[aria-current="page"]:has-text("{name}")')


def confirm(page: Any, typed: str) -> str:
    """Type what the dialog asks for, and confirm; gives what it said it would do."""
    page.wait_for_selector("dialog[open] #typed")
    plan = page.locator("dialog .plan").inner_text()
    go = page.locator("dialog button[type=submit]")
    assert go.is_disabled()
    page.fill("#typed", typed)
    go.click()
    page.wait_for_selector("dialog[open]", state="hidden")
    return str(plan)


def toast(page: Any, text: str) -> None:
    page.wait_for_selector(f".toast:has-text('{text}')")


def trading(desk: Desk) -> str:
    return str(status.read(desk.running.run_dir)[roles.RISK]["trading"])


def resumed(desk: Desk, page: Any) -> None:
    """Resume by the page, and wait until it trades."""
    page.click("#resume")
    assert "Lift the halt" in confirm(page, "desk")
    page.wait_for_selector("#state .pill.good")
    wait_for(lambda: trading(desk) == "ACTIVE", "the group to trade again")


# ---- what is shown -------------------------------------------------------------------------------


def test_the_address_logs_in_once_and_the_page_has_live_figures(desk: Desk) -> None:
    address = json.loads(desk.tapewire("web", "--json"))["login"]
    page = desk.page("admin", address)
    assert page.url.startswith(f"{desk.url}/")
    assert "login" not in page.url
    page.wait_for_selector("#state .pill:has-text('ACTIVE')")
    page.wait_for_function("document.querySelectorAll('.figure .value')[3].textContent !== '0'")
    net = page.locator(".figure .value").first.inner_text()
    assert re.fullmatch(r"\W?[\d,]+\.\d\d USD", net), net
    page.wait_for_selector("td:has-text('AAPL')")
    assert page.locator(".chart canvas").count() == 1
    cookie = page.context.cookies()[0]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")


def test_every_view_fits_a_wide_screen_and_a_phone(desk: Desk) -> None:
    page = desk.page("viewer")
    for name in VIEWS:
        view(page, name)
        page.wait_for_function("document.querySelector('main').textContent.length > 20")
        for width, height, scheme in ((390, 844, "light"), (1300, 850, "dark")):
            page.set_viewport_size({"width": width, "height": height})
            page.emulate_media(color_scheme=scheme)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{name} is {wide} px wider than a screen of {width}"
            box = page.locator("#halt").bounding_box()
            assert box["x"] + box["width"] <= width, f"{name}: the halt is not in reach"


def test_a_fill_leads_back_to_its_tick_as_a_picture(desk: Desk) -> None:
    page = desk.page("viewer")
    view(page, "Fills")
    page.locator("tbody tr").last.click()
    page.wait_for_selector("svg.way")
    said = page.locator("svg.way").text_content()
    for step in ("tick", "signal", "order.intended", "execution.reported"):
        assert step in said


def test_prices_scans_logs_days_and_causes_are_shown(desk: Desk) -> None:
    page = desk.page("viewer")
    view(page, "Instruments")
    page.locator("td", has_text="MSFT").first.click()
    page.wait_for_selector(".head b:has-text('MSFT')")
    first = page.locator("tbody tr", has_text="MSFT").inner_text()
    page.wait_for_function(
        "old => [...document.querySelectorAll('tbody tr')].some(row =>"
        " row.textContent.includes('MSFT') && row.innerText !== old)",
        arg=first,
    )
    view(page, "Scanner")
    page.click("button:has-text('Scan') >> nth=-1")
    page.wait_for_selector("td:has-text('STK')")
    view(page, "Logs")
    page.locator(".chips button", has_text="gateway").first.click()
    page.wait_for_selector("td:has-text('started')")
    view(page, "History")
    page.wait_for_selector("tbody tr")
    view(page, "Risk")
    page.click("text=Show causes and outcomes")
    page.wait_for_selector("td:has-text('decision')")


def test_events_are_found_by_type(desk: Desk) -> None:
    page = desk.page("viewer")
    view(page, "Events")
    page.fill("input[name=type]", "order.filled")
    page.click("button:has-text('Search')")
    page.wait_for_selector("text=found")
    assert set(page.locator("tbody tr td:nth-child(3)").all_inner_texts()) == {"order.filled"}


def test_the_keyboard_reaches_every_view(desk: Desk) -> None:
    page = desk.page("viewer")
    for key, name in (("2", "Positions"), ("0", "Scanner"), ("l", "Logs"), ("1", "Desk")):
        page.keyboard.press(key)
        page.wait_for_selector(f'nav button[aria-current="page"]:has-text("{name}")')
    page.keyboard.press("?")
    page.wait_for_selector("#help[open]")


# ---- what is done --------------------------------------------------------------------------------


def test_a_viewer_halts_with_one_click_and_a_trader_resumes(desk: Desk) -> None:
    page = desk.page("viewer")
    page.click("#halt")
    page.wait_for_selector("#state .pill:has-text('HALTED')")
    assert page.locator("dialog[open]").count() == 0
    assert trading(desk) == "HALTED"
    assert not page.locator("#resume").is_visible()
    resumed(desk, desk.page("trader"))


def test_a_halt_by_the_keyboard_of_one_strategy_and_of_a_symbol(desk: Desk) -> None:
    page = desk.page("trader")
    page.keyboard.press("Shift+H")
    page.wait_for_selector("#state .pill:has-text('HALTED')")
    resumed(desk, page)
    view(page, "Strategies")
    page.locator("tr", has_text="momentum-slow").locator("button", has_text="Halt").click()
    toast(page, "momentum-slow")
    view(page, "Risk")
    row = page.locator("tr", has_text="strategy momentum-slow")
    row.locator("button", has_text="Resume").click()
    confirm(page, "momentum-slow")
    page.wait_for_selector("text=Nothing is halted.")


def test_a_halt_is_one_click_while_something_else_waits_to_be_confirmed(desk: Desk) -> None:
    page = desk.page("trader")
    page.click("button:has-text('Positions')")
    page.click("button:has-text('Flatten everything')")
    page.wait_for_selector("dialog[open] #typed")
    page.click("dialog[open] button.halt")
    wait_for(lambda: trading(desk) == "HALTED", "the halt")
    page.keyboard.press("Escape")
    resumed(desk, page)


def test_an_order_is_placed_after_a_look_at_what_it_would_do_and_cancelled(desk: Desk) -> None:
    page = desk.page("trader")
    view(page, "Instruments")
    page.locator("td", has_text="AAPL").first.click()
    page.wait_for_selector(".head b:has-text('AAPL')")
    page.locator(".head button", has_text="Buy").click()
    page.fill("#t-quantity", "7")
    page.fill("#t-limit", FAR)
    page.click("dialog button:has-text('Review')")
    plan = confirm(page, "AAPL")
    assert "BUY 7 LMT" in plan
    assert "margin" in plan
    view(page, "Orders")
    row = page.locator("tr", has_text="manual")
    row.wait_for()
    row.locator("button", has_text="Cancel").click()
    assert "Cancel BUY 7 AAPL" in confirm(page, "AAPL")
    row.wait_for(state="detached")


def test_a_position_is_flattened_and_then_everything(desk: Desk) -> None:
    page = desk.page("trader")
    view(page, "Positions")
    page.locator("tbody button", has_text="Flatten").first.wait_for()
    symbol = page.locator("tbody tr:has(button.danger) td:nth-child(2)").first.inner_text()
    account = page.locator("tbody tr:has(button.danger) td:nth-child(1)").first.inner_text()
    row = page.locator("tbody tr", has_text=symbol)
    row.locator("button", has_text="Flatten").click()
    confirm(page, f"{account} {symbol}")
    row.wait_for(state="detached")
    page.click("button:has-text('Flatten everything')")
    assert "flatten" in confirm(page, "desk")
    page.wait_for_selector("#state .pill:has-text('HALTED')")
    page.wait_for_selector("text=No position.")
    resumed(desk, page)


def test_a_strategy_is_stopped_started_and_scaled(desk: Desk) -> None:
    page = desk.page("admin")
    view(page, "Strategies")
    row = page.locator("tr", has=page.locator("td", has_text=re.compile("^momentum-slow$")))
    row.locator("button", has_text="Stop").click()
    confirm(page, "momentum-slow")
    row.locator("button", has_text="Start").wait_for()
    assert desk.running.state("strategy-momentum-slow") == "ENDED"
    row.locator("button", has_text="Start").click()
    confirm(page, "momentum-slow")
    row.locator(".tag.good").wait_for()
    for count in ("2", "1"):
        row.locator("button", has_text="Scale").click()
        page.fill("#count", count)
        page.click("dialog button:has-text('Review')")
        confirm(page, "momentum-slow")
        further = page.locator("td", has_text=re.compile("^momentum-slow-2$"))
        further.wait_for(state="attached" if count == "2" else "detached")


def test_what_a_role_may_not_do_is_not_offered(desk: Desk) -> None:
    page = desk.page("viewer")
    view(page, "Strategies")
    page.locator("button", has_text="Stop").first.wait_for()
    assert page.locator("button", has_text="Stop").first.is_disabled()
    assert page.locator("button.danger", has_text="Halt").first.is_enabled()


# ---- what is refused -----------------------------------------------------------------------------


def ask(
    desk: Desk, path: str, body: dict[str, Any] | None = None, **headers: str
) -> tuple[int, Any]:
    """A raw request, with nothing that a library would add or correct."""
    connection = http.client.HTTPConnection("127.0.0.1", desk.port, timeout=10)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    content = None if body is None else json.dumps(body)
    given = {"Content-Type": "application/json", **named} if body is not None else named
    connection.request("GET" if body is None else "POST", path, content, given)
    answer = connection.getresponse()
    found = answer.read()
    connection.close()
    return answer.status, json.loads(found or b"{}")


def test_forged_requests_are_refused_by_the_server_as_it_runs(desk: Desk) -> None:
    bearer = f"Bearer {desk.token('admin')}"
    page = desk.page("admin")
    cookie = "; ".join(f"{c['name']}={c['value']}" for c in page.context.cookies())
    halt = f"{G}/halt"
    assert ask(desk, "/api/session", Authorization=bearer)[0] == 200
    assert ask(desk, "/api/session")[0] == 401
    assert ask(desk, halt, {})[0] in (401, 403)
    assert ask(desk, "/api/session", Authorization="Bearer wrong")[0] == 401
    assert ask(desk, "/api/session", Authorization=bearer, Host="evil.example")[0] == 421
    evil = "http://evil.example"
    assert ask(desk, halt, {}, Cookie=cookie, Origin=evil)[0] == 403
    assert ask(desk, halt, {}, Cookie=cookie)[0] == 403
    form = "application/x-www-form-urlencoded"
    assert ask(desk, halt, {}, Cookie=cookie, Origin=desk.url, Content_Type=form)[0] == 415
    assert ask(desk, "/api/groups/other/halt", {}, Authorization=bearer)[0] == 404
    assert trading(desk) == "ACTIVE"


def test_a_confirmation_is_used_once_and_for_what_it_was_given(desk: Desk) -> None:
    bearer = f"Bearer {desk.token('trader')}"
    wanted = {"action": "flatten", "target": "DU1234567 MSFT",
              "parameters": {"account": "DU1234567", "symbol": "MSFT"}}  # fmt: skip
    _, plan = ask(desk, f"{G}/confirmations", wanted, Authorization=bearer)
    used = {**wanted, "nonce": plan["nonce"], "typed": plan["typed"]}
    other = {**used, "target": "desk", "parameters": {}}
    status_of, said = ask(desk, f"{G}/actions", other, Authorization=bearer)
    assert (status_of, "something else" in said["error"]) == (409, True)
    assert ask(desk, f"{G}/actions", used, Authorization=bearer)[0] == 409
    assert trading(desk) == "ACTIVE"


def test_what_comes_from_outside_is_shown_as_text(desk: Desk) -> None:
    page = desk.page("trader")
    page.on("dialog", lambda dialog: desk.faults.append(f"a script ran: {dialog.message}"))
    reason = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    desk.tapewire("halt", "--symbol", "AAPL", "--reason", reason)
    page.wait_for_selector(".warnings li.bad")
    assert reason in page.locator(".warnings").inner_text()
    assert page.locator(".warnings img, .warnings script").count() == 0
    view(page, "Risk")
    page.wait_for_selector(f"td:has-text('{reason[:20]}')")
    desk.tapewire("resume", "--symbol", "AAPL")
    page.wait_for_selector("text=Nothing is halted.")


# ---- what dies -----------------------------------------------------------------------------------


def test_a_page_whose_console_was_killed_says_so_and_goes_on_by_itself(desk: Desk) -> None:
    page = desk.page("viewer")
    others = {name: pid for name, pid in desk.running.pids().items() if name != roles.WEB}
    desk.running.kill_9(roles.WEB)
    page.wait_for_selector("#lost:visible", timeout=5_000)
    assert "No news" in page.locator("#lost").inner_text()
    page.wait_for_selector("#lost", state="hidden", timeout=20_000)
    page.wait_for_selector(LIVE)
    assert "login" not in page.url
    assert {name: pid for name, pid in desk.running.pids().items() if name != roles.WEB} == others


def test_a_page_shows_that_risk_was_killed_and_that_it_is_back(desk: Desk) -> None:
    page = desk.page("viewer")
    desk.running.kill_9(roles.RISK)
    page.wait_for_selector(".warnings li.bad:has-text('risk')", timeout=5_000)
    page.wait_for_selector("#state .pill.good", timeout=20_000)
    page.wait_for_selector(".warnings li.bad:has-text('risk')", state="detached", timeout=20_000)


def test_a_page_shows_that_tws_was_killed_and_that_it_is_back(desk: Desk) -> None:
    group, page = desk.running.group, desk.page("trader")
    desk.running.flatten()
    group.stop([roles.SIMULATOR])  # it writes its books; the next one has an empty account
    desk.compare()
    group.start(roles.SIMULATOR)
    desk.running.until(lambda: desk.running.state(roles.GATEWAY) == "READY", "the gateway")
    desk.running.kill_9(roles.SIMULATOR)
    gone = ".warnings li:has-text('gateway'):has-text('TWS')"
    page.wait_for_selector(gone, timeout=5_000)
    page.wait_for_selector(gone, state="detached", timeout=20_000)
    page.wait_for_selector("td:has-text('simulator') ~ td:has-text('READY')")
    resumed(desk, page)


def test_a_page_that_nobody_sees_takes_no_connection_and_catches_up_once_it_is_seen(
    desk: Desk,
) -> None:
    page = desk.page("viewer")
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.isHidden })")
    for is_hidden, link in ((True, "#link.bad"), (False, LIVE)):
        page.evaluate("(is) => { window.isHidden = is; }", is_hidden)
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        page.wait_for_selector(link)
        page.wait_for_function("(is) => document.title.startsWith('lost') === is", arg=is_hidden)

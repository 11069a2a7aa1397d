"""The routes: who may ask what, what is refused, and what an action reaches."""

import re
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from tapewire.common.delivery.outcomes import Outcome
from tapewire.common.events import ControlReply, Scope
from tapewire.console import manual
from tapewire.console.commands import order_entry
from tapewire.console.group import control
from tapewire.console.group.control import Launched
from tapewire.web import actions, desk, pages
from tapewire.web.routes import ROUTES, TABLES
from tests.web.site import ORIGIN, Site

G = "/api/groups/desk"


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, site: Site) -> list[tuple[str, Any]]:
    """A group that runs and answers; what was asked of it."""
    found: list[tuple[str, Any]] = []
    launched = Launched(site.config.run_dir, symbols=frozenset({"AAPL", "ESZ6"}))

    def ask(_group: Launched, what: str, reason: str, scope: Scope) -> ControlReply:
        found.append((what, scope))
        return ControlReply(True, "HALTED", reason)

    def send(_group: Launched, signal: Any, _wait_s: float) -> Any:
        found.append(("send", signal))
        yield Outcome(signal.id, "i/1", "CANCELLING", done=True)

    monkeypatch.setattr(control, "ask", ask)
    monkeypatch.setattr(desk.Desk, "launched", lambda _: launched)
    monkeypatch.setattr(manual, "send", send)
    monkeypatch.setattr(order_entry, "account_of", lambda _, given: given)

    def what_if(*_: Any) -> Any:
        raise manual.NotAnswered("the broker did not answer within 6 s")

    monkeypatch.setattr(manual, "what_if", what_if)
    return found


# ---- who is let in -------------------------------------------------------------------------------


def test_without_a_token_or_a_session_nothing_is_shown_or_done(site: Site) -> None:
    client = site.anybody()
    for route in ROUTES:
        path = route.path.format(group="desk", table="desk", symbol="AAPL", process="risk")
        answer = (
            client.get(path) if route.method == "GET" else client.post(path, json={})
        )  # fmt: skip
        assert answer.status_code in (401, 403), path
    assert client.get("/api/stream").status_code == 401
    assert client.get("/api/openapi.json").status_code == 401


def test_a_wrong_token_is_refused(site: Site) -> None:
    client = site.anybody()
    client.headers["authorization"] = "Bearer " + "x" * 32
    assert client.get("/api/session").status_code == 401


def test_a_token_becomes_a_cookie_that_no_script_reads_and_no_other_site_sends(site: Site) -> None:
    client = site.anybody()
    answer = client.post("/api/session", json={"token": "t" * 32}, headers={"origin": ORIGIN})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert "path=/" in cookie
    assert client.get("/api/session").json() == {"role": "trader", "groups": ["desk"]}


def test_a_one_time_login_works_once(site: Site) -> None:
    code = site.program("viewer").post("/api/codes", json={}).json()["code"]
    headers = {"origin": ORIGIN}
    first = site.anybody().post("/api/session", json={"code": code}, headers=headers)
    again = site.anybody().post("/api/session", json={"code": code}, headers=headers)
    assert (first.status_code, again.status_code) == (200, 401)
    assert first.json() == {"role": "viewer"}


def test_a_browser_cannot_ask_for_logins(site: Site) -> None:
    assert site.browser("admin").post("/api/codes", json={}).status_code == 403


def test_guessing_a_token_is_slowed_down(site: Site) -> None:
    client = site.anybody()
    client.headers["origin"] = ORIGIN
    answers = [client.post("/api/session", json={"token": str(n)}).status_code for n in range(20)]
    assert answers.count(401) == 10
    assert answers[-1] == 429


def test_after_logging_out_the_cookie_is_worth_nothing(site: Site) -> None:
    client = site.browser("admin")
    kept = dict(client.cookies)
    client.post("/api/session/end", json={})
    client.cookies.update(kept)
    assert client.get("/api/session").status_code == 401


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({"origin": "http://evil.example"}, 403), ({"host": "evil.example:8420"}, 421),
     ({"sec-fetch-site": "cross-site"}, 403), ({"content-type": "text/plain"}, 415)],
)  # fmt: skip
def test_a_forged_halt_is_refused_even_with_the_cookie(
    site: Site, asked: list[Any], headers: dict[str, str], expected: int
) -> None:
    client = site.browser("admin")
    answer = client.post(f"{G}/halt", content=b"{}",
                         headers={"content-type": "application/json", **headers})  # fmt: skip
    assert answer.status_code == expected
    assert asked == []


def test_every_answer_forbids_scripts_from_elsewhere_and_frames(site: Site) -> None:
    client = site.anybody()
    for answer in (client.get("/"), client.get("/api/session"), client.get("/nowhere")):
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert client.get("/api/session").headers["cache-control"] == "no-store"


def test_a_program_that_asks_too_often_has_to_wait_but_may_halt(
    site: Site, asked: list[Any]
) -> None:
    client = site.program("viewer")
    statuses = [client.get("/api/session").status_code for _ in range(120)]
    assert statuses.count(200) == 100
    assert statuses[-1] == 429
    halts = [client.post(f"{G}/halt", json={}).status_code for _ in range(60)]
    assert set(halts) == {200}
    assert len(asked) == 60


# ---- what is shown -------------------------------------------------------------------------------


def test_each_table_is_shown_as_json(site: Site) -> None:
    client = site.program("viewer")
    for table in TABLES:
        assert client.get(f"{G}/tables/{table}").status_code == 200
    assert client.get(f"{G}/tables/orders").json()["dip-e-2/1"]["live"]
    assert client.get(f"{G}/tables/secrets").status_code == 404
    assert client.get("/api/groups/other/tables/orders").status_code == 404


def test_events_are_found_by_type_and_time(site: Site) -> None:
    client = site.program("viewer")
    found = client.get(f"{G}/events", params={"type": "risk.,execution."}).json()
    assert {one["event"] for one in found} == {"risk.halted", "execution.reported"}
    later = client.get(f"{G}/events", params={"since": "2030-01-01T00:00:00"}).json()
    assert later == []
    assert client.get(f"{G}/events", params={"since": "soon"}).status_code == 409
    assert client.get(f"{G}/events", params={"limit": "0"}).status_code == 400
    assert client.get(f"{G}/events", params={"unknown": "1"}).status_code == 400


def test_a_fill_is_traced_to_its_tick(site: Site) -> None:
    client = site.program("viewer")
    found = client.get(f"{G}/trace", params={"id": "0000a.01.01"}).json()
    assert found["steps"][0]["name"] == "tick"
    assert client.get(f"{G}/trace", params={"id": "nothing"}).status_code == 404


def test_days_audit_and_charts_are_shown(site: Site) -> None:
    client = site.program("viewer")
    (day,) = client.get(f"{G}/days").json()
    assert day["executions"] == 3
    assert client.get(f"{G}/audit").json()[0]["event"] == "risk.halted"
    chart = client.get(f"{G}/charts/AAPL").json()
    assert len(chart["fills"]) == 3


def test_a_log_is_shown_by_the_name_of_a_process_and_by_no_path(site: Site) -> None:
    logs = site.config.run_dir / "logs"
    logs.mkdir(exist_ok=True)
    line = '{"event": "started", "level": "info", "timestamp": "2026-11-20T14:30:00Z", "pid": 7}'
    (logs / "risk.log").write_text(f"{line}\nplain \x1b[31m text\n")
    client = site.program("viewer")
    (entry,) = client.get(f"{G}/logs/risk").json()
    assert entry["text"] == "started pid=7\n    plain \\x1b[31m text"
    for name in ("..%2Fsecrets", "supervisord", "%2Fetc%2Fpasswd"):
        assert client.get(f"{G}/logs/{name}").status_code == 404


def test_the_openapi_document_has_every_route_and_its_schemas(site: Site) -> None:
    document = site.program("viewer").get("/api/openapi.json").json()
    for route in ROUTES:
        assert route.method.lower() in document["paths"][route.path]
    text = str(document)
    for name in re.findall(r"#/components/schemas/(\w+)", text):
        assert name in document["components"]["schemas"]


def test_the_files_of_the_page_are_served_and_nothing_else(site: Site) -> None:
    client = site.anybody()
    for path in pages.files():
        answer = client.get(path)
        assert answer.status_code == 200, path
        tag = answer.headers["etag"]
        assert client.get(path, headers={"if-none-match": tag}).status_code == 304
    for path in ("/static/..%2Fapp.py", "/static/app.py", "/static/"):
        assert client.get(path).status_code == 404


def test_the_page_has_no_inline_script_style_or_handler() -> None:
    for path in pages.files().values():
        if path.suffix == ".html":
            text = path.read_text()
            assert not re.search(r"<script(?![^>]*\bsrc=)", text)
            assert not re.search(r"\son\w+=|\sstyle=|<style|javascript:", text)


def test_the_scripts_put_no_text_into_the_page_as_markup() -> None:
    for path in pages.STATIC.glob("*.js"):
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b",
                             path.read_text()), path.name  # fmt: skip


# ---- what is done --------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["viewer", "trader", "admin"])
def test_everybody_who_is_logged_in_may_halt(site: Site, asked: list[Any], role: str) -> None:
    done = site.browser(role).post(f"{G}/halt", json={"symbol": "AAPL"}).json()
    assert done["ok"]
    assert asked == [("halt", Scope(symbol="AAPL"))]


def test_a_typo_does_not_pass_for_a_halt(site: Site, asked: list[Any]) -> None:
    client = site.browser("viewer")
    for part in ({"symbol": "AALP"}, {"account": "DU9"}, {"strategy": "dop"}, {"sym": "AAPL"}):
        assert client.post(f"{G}/halt", json=part).status_code == 400
    assert client.post("/api/groups/other/halt", json={}).status_code == 404
    assert asked == []


def test_without_a_group_that_runs_a_halt_says_so(site: Site) -> None:
    answer = site.browser("admin").post(f"{G}/halt", json={})
    assert answer.status_code == 409
    assert "no group runs" in answer.json()["error"]


FLATTEN = {"action": "flatten", "target": "desk", "parameters": {}}
CANCEL = {"action": "cancel", "target": "dip-e-2/1", "parameters": {}}
ORDER = {
    "action": "order", "target": "AAPL",
    "parameters": {"side": "BUY", "quantity": "5", "account": "DU1", "limit": "100.5"},
}  # fmt: skip


def confirmed(client: Any, wanted: dict[str, Any], **changed: Any) -> Any:
    plan = client.post(f"{G}/confirmations", json=wanted)
    assert plan.status_code == 200, plan.text
    body = {**wanted, "nonce": plan.json()["nonce"], "typed": plan.json()["typed"], **changed}
    return client.post(f"{G}/actions", json=body)


@pytest.mark.parametrize(
    ("wanted", "typed"), [(FLATTEN, "desk"), (CANCEL, "ESZ6"), (ORDER, "AAPL")]
)
def test_an_action_is_done_once_it_is_confirmed(
    site: Site, asked: list[Any], wanted: dict[str, Any], typed: str
) -> None:
    client = site.browser("trader")
    plan = client.post(f"{G}/confirmations", json=wanted).json()
    assert plan["typed"] == typed
    assert asked == []
    body = {**wanted, "nonce": plan["nonce"], "typed": typed}
    assert client.post(f"{G}/actions", json=body).json()["ok"]
    assert len(asked) == 1
    again = client.post(f"{G}/actions", json=body)
    assert again.status_code == 409
    assert len(asked) == 1


def test_the_terms_of_an_order_are_those_that_were_confirmed(site: Site, asked: list[Any]) -> None:
    confirmed(site.browser("trader"), ORDER)
    ((_, signal),) = asked
    assert (signal.symbol, signal.account, signal.strategy) == ("AAPL", "DU1", "manual")
    assert str(signal.terms) == "BUY 5 LMT limit 100.5"


@pytest.mark.parametrize(
    "changed",
    [{"target": "ESZ6"}, {"action": "flatten"}, {"typed": "ESZ6"}, {"nonce": "guessed"},
     {"parameters": {**ORDER["parameters"], "quantity": "500"}}],
)  # fmt: skip
def test_what_differs_from_what_was_confirmed_is_refused(
    site: Site, asked: list[Any], changed: dict[str, Any]
) -> None:
    assert confirmed(site.browser("trader"), ORDER, **changed).status_code == 409
    assert asked == []


def test_a_confirmation_is_good_for_a_minute(site: Site, asked: list[Any]) -> None:
    client = site.browser("trader")
    plan = client.post(f"{G}/confirmations", json=ORDER).json()
    site.clock.pass_s(60)
    body = {**ORDER, "nonce": plan["nonce"], "typed": plan["typed"]}
    assert client.post(f"{G}/actions", json=body).status_code == 409
    assert asked == []


def test_the_confirmation_of_one_login_is_worth_nothing_to_another(
    site: Site, asked: list[Any]
) -> None:
    plan = site.browser("trader").post(f"{G}/confirmations", json=ORDER).json()
    body = {**ORDER, "nonce": plan["nonce"], "typed": plan["typed"]}
    assert site.browser("admin").post(f"{G}/actions", json=body).status_code == 409
    assert asked == []


@pytest.mark.parametrize(("role", "refused"), [
    ("viewer", [*actions.ACTIONS]), ("trader", ["start", "stop", "scale"]), ("admin", []),
])  # fmt: skip
def test_a_role_may_do_what_it_may_and_no_more(
    site: Site, asked: list[Any], role: str, refused: list[str]
) -> None:
    client = site.browser(role)
    for action in actions.ACTIONS:
        wanted = {"action": action, "target": "dip", "parameters": {}}
        answer = client.post(f"{G}/confirmations", json=wanted)
        assert (answer.status_code == 403) is (action in refused), action
    assert asked == []


IMPOSSIBLE = (
    {"action": "flatten", "target": "AAPL", "parameters": {}},
    {"action": "flatten", "target": "desk", "parameters": {"symbol": "AAPL"}},
    {"action": "flatten", "target": "dip", "parameters": {"strategy": "dip"}},
    {"action": "cancel", "target": "dip-e-1/1", "parameters": {}},
    {"action": "order", "target": "AAPL",
     "parameters": {"side": "BUY", "quantity": "x", "account": "DU1"}},
    {"action": "order", "target": "NOPE", "parameters": ORDER["parameters"]},
    {"action": "order", "target": "AAPL", "parameters": {**ORDER["parameters"], "more": 1}},
    {"action": "scale", "target": "dip", "parameters": {"count": 0}},
    {"action": "start", "target": "nobody", "parameters": {}},
    {"action": "self_destruct", "target": "desk", "parameters": {}},
)  # fmt: skip


def test_what_cannot_be_is_refused_before_anybody_is_asked_to_confirm(
    site: Site, asked: list[Any]
) -> None:
    client = site.browser("admin")
    for wanted in IMPOSSIBLE:
        answer = client.post(f"{G}/confirmations", json=wanted)
        assert answer.status_code in (400, 409), answer.text
        assert answer.json()["error"]
    assert asked == []


def test_who_did_what_is_logged(site: Site, asked: list[Any]) -> None:
    confirmed(site.browser("trader"), FLATTEN)
    word, more = site.said[-1]
    assert (word, more["by"], more["target"], more["ok"]) == ("flatten", "trader", "desk", True)


def test_an_action_reaches_the_group_that_it_names_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = Site(tmp_path / "one"), Site(tmp_path / "two")
    two.reading.name = "shares"
    shares = desk.Desk(two.reading, lambda: two.hub.tables("desk"), nullcontext)
    one.console._desks = {"desk": one.console.desk("desk"), "shares": shares}
    halted: list[Path] = []

    def ask(group: Launched, *_: Any) -> ControlReply:
        halted.append(group.run_dir)
        return ControlReply(True, "HALTED", "")

    monkeypatch.setattr(control, "ask", ask)
    monkeypatch.setattr(control, "read", Launched)
    monkeypatch.setattr(control, "listens", lambda _: True)
    client = one.browser("trader")
    assert client.post("/api/groups/shares/halt", json={}).json()["ok"]
    assert halted == [two.config.run_dir]
    plan = client.post(f"{G}/confirmations", json=FLATTEN).json()
    used = {**FLATTEN, "nonce": plan["nonce"], "typed": plan["typed"]}
    assert client.post("/api/groups/shares/actions", json=used).status_code == 409
    assert halted == [two.config.run_dir]
    assert confirmed(client, FLATTEN).json()["ok"]
    assert halted == [two.config.run_dir, one.config.run_dir]

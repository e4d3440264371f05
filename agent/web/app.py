"""The pages: the board, each journey with its evidence, and what to do when something is not there.

They only read the store and never hold a code. Until operators can sign in, a one-time link opens a session, and
nothing but loopback is answered.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import flask
import jinja2
from markupsafe import Markup
from werkzeug import exceptions
from werkzeug.wrappers import Response

from agent import errors
from agent.actions import board as boards
from agent.ports import Agent
from agent.web import assets as files
from agent.web import board, guarding, times
from agent.web.one_time_link import OneTimeLink
from agent.web.sessions import COOKIE, Sessions

log = logging.getLogger(__name__)

#: Seconds between two looks of an open page; one that finds nothing new costs an empty answer.
REFRESH: Final = 3
#: No page takes a body yet.
_LARGEST_BODY: Final = 64 * 1024
#: Endpoints that answer without a session: the way in, and what even a refusal needs to look right.
_OPEN: Final = frozenset({"enter", "static_file"})
#: Endpoints that pages ask for by themselves: nobody did anything.
_POLLED: Final = frozenset({"board_fragment", "journey_fragment"})


class Trouble(NamedTuple):
    """What a page says when it has nothing else: what happened, what to do next, and whether the board is a way."""

    title: str
    advice: str
    reference: str = ""
    to_board: bool = True


NO_SESSION: Final = Trouble(
    "You are not signed in here",
    "Press Enter in the terminal where Tapslip is running, or run “tapslip serve” again, and open the link it prints. "
    "A link works once and for ten minutes; a session ends after 15 minutes in which nothing was opened.",
    to_board=False,
)
USED_LINK: Final = Trouble(
    "This link has been used, or is older than ten minutes",
    "Press Enter in the terminal where Tapslip is running, or run “tapslip serve” again, and open the new link.",
    to_board=False,
)
_TROUBLES: Final = {
    400: Trouble("This request cannot be read", "Go back to the board and follow a link from there."),
    404: Trouble("There is no such page", "Go back to the board and choose a journey there."),
    405: Trouble("This page can only be read", "Go back to the board. Passes are issued with “tapslip issue”."),
    413: Trouble("This request is too large", "Go back to the board."),
    421: Trouble("This address is not answered", "Open the pages under https://localhost and the port of the link."),
}


def create_app(agent: Agent, *, entry: OneTimeLink, token: Callable[[], str], watermark: bool) -> flask.Flask:
    """The WSGI app. `token` gives 256 random bits as text for sessions; `watermark` marks every page as the sandbox's.

    It must be served over TLS, on loopback: other Host names are answered 421, everything without a session 401.
    """
    app = flask.Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = jinja2.StrictUndefined
    sessions = Sessions(agent.clock, token)
    assets = files.read()
    app.jinja_env.globals.update(
        asset=assets.address,
        organisation=agent.settings.organisation.name,
        watermark=watermark,
        zone=agent.settings.sites[0].zone,
        refresh=REFRESH,
        board=board,
    )
    app.before_request(lambda: _admit(sessions))
    app.after_request(guarding.protect)
    _add_entrance(app, entry, sessions)
    _add_files(app, assets)
    _add_pages(app, agent)
    _add_troubles(app, agent)
    return app


def _admit(sessions: Sessions) -> flask.typing.ResponseReturnValue | None:
    """Refuse foreign names first, then whoever has no session."""
    if not guarding.is_ours(flask.request.host):
        flask.abort(421)
    endpoint = flask.request.endpoint
    if endpoint in _OPEN:
        return None
    if sessions.known(flask.request.cookies.get(COOKIE, ""), acting=endpoint not in _POLLED):
        return None
    answer = flask.make_response(_page(NO_SESSION), 401)
    if endpoint in _POLLED:
        # The open page loads itself again, and so says what to do.
        answer.headers["HX-Refresh"] = "true"
    return answer


def _page(trouble: Trouble) -> str:
    return flask.render_template("trouble.html", trouble=trouble)


def _add_entrance(app: flask.Flask, entry: OneTimeLink, sessions: Sessions) -> None:
    @app.get("/enter/<token>")
    def enter(token: str) -> flask.typing.ResponseReturnValue:
        looking_ahead = "Sec-Purpose" in flask.request.headers or flask.request.method != "GET"
        if looking_ahead:
            # A browser that fetches what somebody may open next must not use the link up.
            flask.abort(405)
        home = flask.redirect(flask.url_for("board_page"), 303)
        if entry.take(token):
            home.set_cookie(COOKIE, sessions.begin(), secure=True, httponly=True, samesite="Lax", path="/")
        elif not sessions.known(flask.request.cookies.get(COOKIE, ""), acting=True):
            return _page(USED_LINK), 401
        return home


def _add_files(app: flask.Flask, assets: files.Assets) -> None:
    @app.get("/static/<version>/<path:name>")
    def static_file(version: str, name: str) -> flask.typing.ResponseReturnValue:
        if version != assets.version or name not in assets.files:
            flask.abort(404)
        content, kind = assets.files[name]
        return flask.Response(content, content_type=kind, headers={"Cache-Control": guarding.IMMUTABLE})


def _add_pages(app: flask.Flask, agent: Agent) -> None:
    def shown_board() -> dict[str, Any]:
        rows = boards.board(agent)
        return {"rows": rows, "limit": boards.ROWS, "fragment": "_board.html", **_moment(agent)}

    def shown_journey(journey_id: str) -> dict[str, Any]:
        return {"row": boards.one(agent, journey_id), "fragment": "_journey.html", **_moment(agent)}

    @app.get("/")
    def board_page() -> str:
        shown = shown_board()
        return flask.render_template("board.html", live=_live(shown, flask.url_for("board_fragment")), **shown)

    @app.get("/fragments/board")
    def board_fragment() -> Response:
        return _if_changed(*_live(shown_board(), flask.request.path))

    @app.get("/journeys/<journey_id>")
    def journey_page(journey_id: str) -> str:
        shown = shown_journey(journey_id)
        live = _live(shown, flask.url_for("journey_fragment", journey_id=journey_id))
        return flask.render_template("journey.html", live=live, **shown)

    @app.get("/fragments/journeys/<journey_id>")
    def journey_fragment(journey_id: str) -> Response:
        return _if_changed(*_live(shown_journey(journey_id), flask.request.path))


def _moment(agent: Agent) -> dict[str, Any]:
    now = agent.clock.now()
    zone = ZoneInfo(agent.settings.sites[0].zone)
    return {"now": now, "when": times.Times(zone, now).mark}


class _Live(NamedTuple):
    """A part of a page that refreshes itself, and the ETag of what it shows."""

    html: Markup
    etag: str


def _live(shown: dict[str, Any], path: str) -> _Live:
    inner = Markup(flask.render_template(shown["fragment"], **shown))  # noqa: S704 -- our own template, escaped there
    etag = files.digest(inner.encode())
    outer = flask.render_template("_live.html", inner=inner, path=path, etag=etag)
    return _Live(Markup(outer), etag)  # noqa: S704


def _if_changed(html: str, etag: str) -> Response:
    """The fragment, or 304 where the page shows it already."""
    answer = flask.Response(html, headers={"Cache-Control": guarding.REVALIDATED})
    answer.set_etag(etag)
    return answer.make_conditional(flask.request)


def _add_troubles(app: flask.Flask, agent: Agent) -> None:
    @app.errorhandler(exceptions.HTTPException)
    def refused(problem: exceptions.HTTPException) -> flask.typing.ResponseReturnValue:
        status = problem.code or 500
        if status < 400:
            return problem.get_response()
        answer = flask.make_response(_page(_TROUBLES.get(status, _TROUBLES[400])), status)
        for name, value in problem.get_headers():
            if name == "Allow":
                answer.headers[name] = value
        return answer

    @app.errorhandler(errors.AgentError)
    def said(problem: errors.AgentError) -> flask.typing.ResponseReturnValue:
        status = 404 if isinstance(problem, errors.NotFound) else 503
        return _page(Trouble(problem.summary, problem.advice or _TROUBLES[404].advice, problem.reference)), status

    @app.errorhandler(Exception)
    def broken(problem: Exception) -> flask.typing.ResponseReturnValue:
        reference = agent.chance.symbols(8)
        log.error("page %s failed, reference %s", flask.request.endpoint, reference, exc_info=problem)
        return _page(_ours(reference)), 500


def _ours(reference: str) -> Trouble:
    return Trouble(
        "Something went wrong in Tapslip itself",
        "Load the page again. If it stays, note the reference: the log where Tapslip runs has the reason beside it.",
        reference,
    )

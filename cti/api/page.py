"""The pages and their files, built from ``web/`` into ``static/``."""

from pathlib import Path

from aiohttp import web
from aiohttp.typedefs import Handler

from cti.api.edge.door import Door
from cti.api.edge.guard import COOKIE, TokenCheck

#: Where ``npm run build`` puts the page.
STATIC = Path(__file__).parent / "static"
#: One application, which shows what its address names.
_PAGES = ("/supervision", "/rappels", "/enregistrements", "/poste", "/connexion")
_TWELVE_HOURS = 12 * 3600
_NOT_BUILT = """<!doctype html>
<html lang="fr"><head><meta charset="utf-8"><title>Supervision : page absente</title></head>
<body>
<h1>La page de supervision n'est pas construite</h1>
<p>Le service fonctionne ; seule sa page manque. Pour la construire, avec Node.js 20 ou plus récent :</p>
<pre>cd web
npm ci
npm run build</pre>
<p>puis rechargez cette adresse. Les mêmes données sont en JSON à l'adresse <a href="/api/v1/board">/api/v1/board</a>.</p>
</body></html>
"""


def page_routes(static: Path, token: TokenCheck | None, door: Door, *, secure: bool = False) -> list[web.AbstractRouteDef]:
    """The routes of the page."""
    return [
        web.get("/", _to_supervision),
        *(web.get(path, _page(static, token, door, secure=secure)) for path in _PAGES),
        web.get(r"/static/{path:[A-Za-z0-9_./-]+}", _file(static)),
    ]


async def _to_supervision(_request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("/supervision")


def _page(static: Path, token: TokenCheck | None, door: Door, *, secure: bool) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        given = request.query.get("jeton")
        if given is not None:
            return await _exchange(request, token, door, given, secure=secure)
        index = static / "index.html"
        if not index.is_file():
            return web.Response(status=503, text=_NOT_BUILT, content_type="text/html")
        return web.FileResponse(index, headers={"Cache-Control": "no-cache"})

    return handler


async def _exchange(
    request: web.Request, token: TokenCheck | None, door: Door, given: str, *, secure: bool
) -> web.StreamResponse:
    """The token of the address for a cookie that reads, so that the token does not stay in the address bar.

    Raises:
        Problem: 403, wrong token.
    """
    response = web.Response(status=303, headers={"Location": request.path})
    if token is None:
        return response
    if not token.is_token(given):
        raise await door.no_such_token(request)
    over_tls = secure or request.secure
    response.set_cookie(COOKIE, token.cookie, httponly=True, samesite="Strict", secure=over_tls, max_age=_TWELVE_HOURS, path="/")
    return response


def _file(static: Path) -> Handler:
    root = static.resolve()

    def inside(name: str) -> Path | None:
        path = (root / name).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None

    async def handler(request: web.Request) -> web.StreamResponse:
        path = inside(request.match_info["path"])
        if path is None:
            raise web.HTTPNotFound
        # Names under assets/ carry a hash of the content: they never change.
        lasting = path.parent.name == "assets"
        cache = "public, max-age=31536000, immutable" if lasting else "no-cache"
        return web.FileResponse(path, headers={"Cache-Control": cache})

    return handler

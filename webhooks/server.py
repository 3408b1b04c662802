"""The application on a port."""

from aiohttp import web

_IDLE_FOR = 65.0  # longer than the proxies in front of us keep a connection; also ends those that never send a request
_STOP_WITHIN = 10.0  # for requests that are at work when the process stops


async def serve(app: web.Application, host: str, port: int, *, idle_for: float = _IDLE_FOR) -> web.AppRunner:
    """The application listens. `runner.addresses` has the port, if 0 was given; `await runner.cleanup()` ends it.

    There is no access log: the paths of pay pages hold their tokens.
    """
    runner = web.AppRunner(app, access_log=None, keepalive_timeout=idle_for, shutdown_timeout=_STOP_WITHIN)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError:
        await runner.cleanup()
        raise
    return runner

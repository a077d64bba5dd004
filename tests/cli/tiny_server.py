"""A server whose app is a few lines, attended by the parent process as ``serve-*`` does it.

``python -m tests.cli.tiny_server SERVER PORT WORKERS DRAIN GRACE``: ``/`` says the process id, ``/slow`` takes 0.5 s,
``/stuck`` never ends, ``/draining`` says whether it drains, ``/die`` ends the process.
"""

import asyncio
import os
import sys
from typing import Any

from shopapi.runtime import logs
from shopapi.runtime.draining import Draining
from shopctl import parent, servers


def app() -> servers.AsgiApp:
    draining = Draining()

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
            return
        path = scope["path"]
        if path == "/die":
            os._exit(7)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        # In two parts, so that a test sees that its request is being answered.
        await send({"type": "http.response.body", "body": b"begun ", "more_body": True})
        await asyncio.sleep({"/slow": 0.5, "/stuck": 3600}.get(path, 0))
        body = str(bool(draining)) if path == "/draining" else str(os.getpid())
        await send({"type": "http.response.body", "body": body.encode(), "more_body": False})

    return answer


def broken() -> servers.AsgiApp:
    raise SystemExit(3)


async def _live(receive: Any, send: Any) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            sys.stderr.write("lifespan over\n")
            sys.stderr.flush()
            return


def main() -> None:
    name, port, workers, drain, grace, *factory = sys.argv[1:]
    server = servers.server_named(name)
    options = servers.ServeOptions("127.0.0.1", int(port), workers=int(workers), grace_s=int(grace))

    def run() -> None:
        server.run(f"tests.cli.tiny_server:{factory[0] if factory else 'app'}", options)

    stopping = parent.Stopping(int(drain), int(grace))
    sys.exit(parent.attend(run, stopping, lambda: logs.start("tiny", "info", "text")))


if __name__ == "__main__":
    main()

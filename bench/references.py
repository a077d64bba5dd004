"""What the shop is compared to, each a process of its own: ``python -m bench.references NAME ...``.

``hello`` and ``asgi`` run under the server that the shop runs under, with the very same options.
"""

import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from bench.load import Load, tell
from shopctl.servers import AsgiApp, ServeOptions, Uvicorn

_READY: Final = b"x" * 4096
_START: Final = {
    "type": "http.response.start",
    "status": 200,
    "headers": [(b"content-type", b"application/json"), (b"content-length", b"4096")],
}
_BODY: Final = {"type": "http.response.body", "body": _READY}


def hello() -> AsgiApp:
    """A Litestar app with one handler that returns a small dict."""
    from litestar import Litestar, get

    @get("/", sync_to_thread=False)
    def greet() -> dict[str, str]:
        return {"hello": "world"}

    return Litestar([greet], openapi_config=None, logging_config=None)  # type: ignore[return-value]


def asgi() -> AsgiApp:
    """A bare callable that answers 4 KiB of ready bytes: what a server can do at most."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send(_START)
        await send(_BODY)

    return app


def verify_passwords(seconds: float) -> Load:
    """How often the shop's own password check runs, on as many threads as the API gives it, with nothing around it."""
    from shopapi.accounts.passwords import Passwords, hash_password, verify

    passwords = Passwords()
    threads = passwords._executor._max_workers
    passwords.close()
    hashed = hash_password("a long password of the bench")
    over = threading.Event()

    def work() -> list[float]:
        times = []
        while not over.is_set():
            began = time.perf_counter()
            verify(hashed, "a long password of the bench")
            times.append(time.perf_counter() - began)
        return times

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        workers = [pool.submit(work) for _ in range(threads)]
        time.sleep(seconds)
        over.set()
    times = sorted(took for worker in workers for took in worker.result())
    return Load(len(times), time.perf_counter() - began, p50_ms=times[len(times) // 2] * 1e3, p99_ms=times[-1] * 1e3)


def main() -> None:
    name, value = sys.argv[1:]
    if name == "argon2":
        tell(verify_passwords(float(value)))
    else:
        Uvicorn().run(f"bench.references:{name}", ServeOptions("127.0.0.1", int(value)))


if __name__ == "__main__":
    main()

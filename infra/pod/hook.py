"""Takes the gateway's orders to restart a model server: `pod.sh hook`. One path, one secret, loopback only; the tunnel brings the orders."""

import argparse
import hmac
import json
import re
import subprocess
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

MAX_BODY_BYTES = 10_000


class Orders:
    """Carries out orders, no server's more often than once in `pause_s`: a start takes minutes, and the gateway may repeat itself."""

    def __init__(self, home: Path, pause_s: float) -> None:
        self.home, self.pause_s = home, pause_s
        self.lock, self.last = Lock(), {}

    def restart(self, server: str) -> tuple[int, str]:
        if not (re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", server) and (self.home / "run" / f"{server}.pid").exists()):
            return 404, f"no server {server[:60]!r} runs here"
        with self.lock:
            if time.monotonic() - self.last.get(server, float("-inf")) < self.pause_s:
                return 200, "it was restarted a moment ago"
            self.last[server] = time.monotonic()
        command = ["bash", str(Path(__file__).with_name("pod.sh")), "restart", server, "--home", str(self.home)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        if done.returncode != 0:
            with self.lock:
                del self.last[server]
            return 500, "the server could not be ended: see the supervisor's log"
        return 202, "it is restarted"


def handler(orders: Orders, secret: bytes) -> type[BaseHTTPRequestHandler]:
    class Hook(BaseHTTPRequestHandler):
        timeout = 10

        def do_POST(self) -> None:
            given = self.headers.get("authorization", "").encode("latin-1", "replace")
            if not hmac.compare_digest(given, b"Bearer " + secret):
                return self.answer(401, "unknown secret")
            if self.path != "/restart":
                return self.answer(404, "there is only /restart")
            try:
                order = json.loads(self.rfile.read(min(int(self.headers.get("content-length", "0")), MAX_BODY_BYTES)))
                server = order["server"]
            except (ValueError, KeyError, TypeError):
                return self.answer(400, "the body is an object with the server's name")
            return self.answer(*(orders.restart(server) if isinstance(server, str) else (400, "server is a name")))

        def answer(self, status: int, message: str) -> None:
            body = json.dumps({"message": message}).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Hook


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--port", type=int, default=8010)
    parser.add_argument("--pause", type=float, default=300, help="seconds between two restarts of a server")
    given = parser.parse_args()
    secret = (given.home / "hook-secret").read_text().strip().encode()
    if len(secret) < 16:
        raise SystemExit(f"{given.home}/hook-secret is shorter than 16 characters")
    server = ThreadingHTTPServer(("127.0.0.1", given.port), handler(Orders(given.home, given.pause), secret))
    print(f"listening on 127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()

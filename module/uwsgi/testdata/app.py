"""The application that the tests run behind a real uWSGI: plain WSGI, one function for each path."""

import hashlib
import json
import os
import signal
from urllib.parse import parse_qs


def application(environ, start_response):
    return PATHS[environ["PATH_INFO"]](environ, start_response)


def answer(start_response, body, status="200 OK"):
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]


def env(environ, start_response):
    strings = {name: value for name, value in environ.items() if isinstance(value, str)}
    return answer(start_response, json.dumps(strings).encode())


def digest(environ, start_response):
    """Reads as Django does: as many bytes as CONTENT_LENGTH says."""
    left, seen = int(environ["CONTENT_LENGTH"] or 0), hashlib.sha256()
    while left > 0:
        piece = environ["wsgi.input"].read(min(left, 65536))
        if not piece:
            raise IOError("body is short")
        left -= len(piece)
        seen.update(piece)
    return answer(start_response, seen.hexdigest().encode())


def unread(environ, start_response):
    """Refuses a body without reading it."""
    return answer(start_response, b"no", "403 Forbidden")


def early(environ, start_response):
    """Writes more than a socket holds before it reads anything."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    for _ in range(64):
        yield b"x" * 65536
    yield hashlib.sha256(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))).hexdigest().encode()


def endless(environ, start_response):
    """Writes until nobody reads, then says so on the pipe it was given."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    try:
        while True:
            yield b"x" * 65536
    finally:
        with open(environ["HTTP_X_PIPE"], "w") as pipe:
            pipe.write("left\n")


def die(environ, start_response):
    """Is killed in the middle of its body."""
    headers = [("Content-Type", "text/plain")]
    if "length" in parse_qs(environ["QUERY_STRING"]):
        headers.append(("Content-Length", "10"))
    start_response("200 OK", headers)
    yield b"half "
    os.kill(os.getpid(), signal.SIGKILL)
    yield b"whole"


def chunked(environ, start_response):
    """Does its own chunking, as some frameworks do."""
    start_response("200 OK", [("Content-Type", "text/plain"), ("Transfer-Encoding", "chunked")])
    return [b"5\r\nhello\r\n", b"0\r\n\r\n"]


def empty(environ, start_response):
    start_response("204 No Content", [])
    return []


def down(environ, start_response):
    return answer(start_response, b"no", "503 Service Unavailable")


PATHS = {
    "/env": env,
    "/digest": digest,
    "/unread": unread,
    "/early": early,
    "/endless": endless,
    "/die": die,
    "/chunked": chunked,
    "/empty": empty,
    "/down": down,
}

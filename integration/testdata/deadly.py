"""A shop some of whose pages kill their worker when half of them is out. The
first word of a page's name says how it ends, and what its header tells of that."""

import hashlib
import os
import signal


def application(environ, start_response):
    name = environ["PATH_INFO"].rsplit("/", 1)[1]
    kind = name.split("-")[0]
    body = (name * 3000).encode()
    headers = [("Content-Type", "text/html"), ("X-Page-Sum", hashlib.sha256(body).hexdigest())]
    if kind in ("whole", "length"):
        headers.append(("Content-Length", str(len(body))))
    if kind == "chunks":
        headers.append(("Transfer-Encoding", "chunked"))
        body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
    start_response("200 OK", headers)
    if kind in ("whole", "open"):
        yield body
        return
    yield body[: len(body) // 2]
    os.kill(os.getpid(), signal.SIGKILL)

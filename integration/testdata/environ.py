"""Answers with its whole environment, and counts its requests: a page is what its request was."""

asked = 0


def application(environ, start_response):
    global asked
    if environ["PATH_INFO"] == "/asked":
        body = str(asked).encode()
    else:
        asked += 1
        names = sorted(name for name, value in environ.items() if isinstance(value, str))
        body = "".join("%s=%s\n" % (name, environ[name]) for name in names).encode("utf-8", "replace")
    start_response("200 OK", [("Content-Type", "text/html"), ("Content-Length", str(len(body)))])
    return [body]

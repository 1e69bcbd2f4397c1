"""What releases of Django after 3.2 make of CSRF cookies and tokens.

They cannot be installed here, so that their behaviour is written down anew: what is
in the cookie, which cookies are read, and which tokens prove which cookie.
"""

import http.cookies
import secrets
import string

CHARS = string.ascii_letters + string.digits


def draw():
    return "".join(secrets.choice(CHARS) for _ in range(32))


def shift(text, mask, sign):
    return "".join(CHARS[(CHARS.index(c) + sign * CHARS.index(m)) % 62] for c, m in zip(text, mask))


def masked(secret):
    mask = draw()
    return mask + shift(secret, mask, 1)


def plain(text):
    """The secret in a cookie or a token of either form, or None."""
    if len(text) not in (32, 64) or set(text) - set(CHARS):
        return None
    return text if len(text) == 32 else shift(text[32:], text[:32], -1)


def cookies(header):
    """The cookies of a Cookie field, as bytes of a WSGI server."""
    found = {}
    for crumb in header.decode(errors="replace").split(";"):
        key, equals, value = crumb.partition("=")
        if not equals:
            key, value = "", key
        if key.strip() or value.strip():
            found[key.strip()] = http.cookies._unquote(value.strip())
    return found


class Model:
    """A release: all read both forms, and differ in the one they set."""

    def __init__(self, bare):
        self.bare = bare

    def read(self, header):
        return plain(cookies(header).get("csrftoken", ""))

    def make(self, render):
        secret = draw()
        value = secret if self.bare else masked(secret)
        line = "csrftoken=%s; expires=Fri, 01 Jan 2100 00:00:00 GMT; Max-Age=31449600; Path=/; SameSite=Lax" % value
        return [line], render(masked(secret), masked(secret))

    def accepts(self, header, token):
        secret = self.read(header)
        return secret is not None and plain(token) == secret


MODELS = {
    "4.0": Model(bare=False),
    "4.1": Model(bare=True),
    "4.1, CSRF_COOKIE_MASKED": Model(bare=False),
    "5": Model(bare=True),
    "6": Model(bare=True),
}

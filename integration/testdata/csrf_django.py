"""Django's side of the CSRF tests: JSON on standard input, JSON on standard output.

The Django that is installed is asked for real, later ones by their models:

    make N        N answers of each, with a cookie and a page with eight tokens
    read HEADERS  the secret that each reads from Cookie fields (in hexadecimal)
    judge CASES   whether each takes a token with a Cookie field
"""

import json
import logging
import sys

import django
from django.conf import settings
from django.http import HttpResponse
from django.template import engines
from django.urls import path

from csrf_models import MODELS

PAGE = """<!doctype html>
<html><head>
<meta name="csrf-token" content="{{ csrf_token }}">
<script>const csrfToken = "{{ other }}"; const form = "{{ form|escapejs }}";</script>
{{ other|json_script:"csrf" }}
</head><body hx-headers='{"X-CSRFToken": "{{ csrf_token }}"}' data-config="{{ config }}">
<form method="post">{% csrf_token %}<button>Buy</button></form>
<form method="post">{% csrf_token %}<button>Buy</button></form>
<img src="/media/0123456789abcdef0123456789abcdef.png" alt="">
</body></html>
"""


def render(token, other, request=None):
    context = {"other": other, "form": '<input value="%s">' % other, "config": json.dumps({"csrfToken": other})}
    if request is None:
        context["csrf_token"] = token
    return engines["django"].from_string(PAGE).render(context, request)


def page(request):
    from django.middleware.csrf import get_token

    if request.method == "POST":
        return HttpResponse("bought")
    return HttpResponse(render(None, get_token(request), request))


urlpatterns = [path("", page)]


class Installed:
    """The Django that is installed, with the middleware in front of a view."""

    def make(self, render):
        from django.test import Client

        response = Client().get("/")
        return [morsel.OutputString() for morsel in response.cookies.values()], response.content.decode()

    def read(self, header):
        """What it takes for no secret it replaces by a new one each time."""
        found = {self.once(header) for _ in range(2)}
        return found.pop() if len(found) == 1 else None

    def once(self, header):
        from django.middleware import csrf
        from django.test import RequestFactory

        request = RequestFactory().get("/", HTTP_COOKIE=header.decode("latin-1"))
        csrf.CsrfViewMiddleware(page).process_request(request)
        token = request.META.get("CSRF_COOKIE")
        return token and csrf._unmask_cipher_token(token)

    def accepts(self, header, token):
        from django.test import Client

        client = Client(enforce_csrf_checks=True)
        cookie = header.decode("latin-1")
        form = client.post("/", {"csrfmiddlewaretoken": token}, HTTP_COOKIE=cookie)
        script = client.post("/", HTTP_COOKIE=cookie, HTTP_X_CSRFTOKEN=token)
        assert form.status_code == script.status_code, (form, script)
        return form.status_code == 200


def main():
    settings.configure(
        ALLOWED_HOSTS=["*"],
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        ROOT_URLCONF=__name__,
        SECRET_KEY="not used",
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
    )
    django.setup()
    logging.disable()
    versions = {"installed": Installed(), **MODELS}
    command, argument = json.load(sys.stdin)
    if command == "make":
        answer = {name: [v.make(render) for _ in range(argument)] for name, v in versions.items()}
    elif command == "read":
        answer = {name: [v.read(bytes.fromhex(h)) for h in argument] for name, v in versions.items()}
    else:
        answer = {name: [v.accepts(bytes.fromhex(h), t) for h, t in argument] for name, v in versions.items()}
    json.dump(answer, sys.stdout)


main()

"""Visitors of the storefront, as Locust plays them; `make load` runs it.

From the environment:

    LOAD_REQUESTS   how many answers to end after (100000)
    LOAD_RESULT     where to write what was seen, as JSON (load.json)
    LOAD_SEED       the same visitors again, as far as the network allows

Three kinds of visitors. Lookers look: a category three times as often as each other
kind of page. Buyers also put things in a cart, with the form of whatever page they
are at, and go to the checkout. Customers also have an account and log in. After some
pages each becomes another visitor, with a browser of his own.
"""
import itertools
import os
import random
import re
import time
import uuid
from urllib.parse import urlsplit

import gevent
import zstandard
from browser import Browser
from ledger import TOKEN, Ledger
from locust import FastHttpUser, between, events, task
from locust.contrib.fasthttp import FastResponse

REQUESTS = int(os.environ.get("LOAD_REQUESTS", "100000"))
RESULT = os.environ.get("LOAD_RESULT", "load.json")
PASSWORD = "a-long-password-1"

# What people search for, and how many products are hot; the categories are those of
# every page's navigation. The first of each is asked for most.
SEARCHES = ["mug", "sneaker", "bag", "wool", "green tea"]
HOT_PRODUCTS = 5
ADDRESS = {"street": "Long Lane 1", "postal_code": "12345", "city": "Springfield", "country": "DE"}

CATEGORY_LINK = re.compile(r'href="(/products/category/[-\w]+-\d+/)"')
PRODUCT_LINK = re.compile(r'href="(/products/(?!category/)[-\w]+-\d+/)"')
CARD = re.compile(r'name="variant" value="(\d+)"')
RATE = re.compile(r'name="rate" value="(\d+)"')
REFERENCE = re.compile(r'id="cart-reference">(cart-[0-9a-f]{16})<')

ledger = Ledger()
numbers = itertools.count(1)
started = time.monotonic()
hot = {}  # paths by kind, as the first home page shows them


@events.test_start.add_listener
def begin(environment, **_):
    global started
    started = time.monotonic()
    if os.environ.get("LOAD_SEED"):
        random.seed(os.environ["LOAD_SEED"])


@events.quitting.add_listener
def end(environment, **_):
    ledger.write(RESULT, time.monotonic() - started)


def ranked(choices):
    """Choose one; the first is wanted most, as the second twice as often as the fourth."""
    return random.choices(choices, [1 / rank for rank in range(1, len(choices) + 1)])[0]


class Answer(FastResponse):
    """Reads zstd too."""

    def _content(self):
        if self.headers is not None and self.headers.get("content-encoding") == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(self._response.read())
        return super()._content()


def outcome_of(headers):
    """Return in one word what the edge says it did: hit, a fwd reason, or none."""
    for member in (headers.get("cache-status") or "").split(","):
        name, *parameters = [part.strip() for part in member.split(";")]
        if name != "page-cache":
            continue
        if "hit" in parameters:
            return "hit"
        words = [p.partition("=")[2] for p in parameters if p.startswith(("fwd=", "detail="))]
        return " ".join(words)
    return "none"


class Visitor:
    """Somebody with a new browser. The number is the person's, who may have been here
    before."""

    def __init__(self, number=None):
        self.number = number or next(numbers)
        self.browser = Browser()
        self.own = set()  # canaries that may be shown to him
        self.shown = set()  # and those that must be
        self.has_cart = False
        self.awaits_number = False  # of a cart, which the next page shows
        self.pages_left = random.randint(6, 24)
        self.at = ""  # the page he is at: path and body
        self.body = ""
        self.query = self.browser.landing()


class Shopper(FastHttpUser):
    abstract = True
    wait_time = between(0.1, 0.3)

    def on_start(self):
        self.client.client.cookiejar = None
        self.client.client.response_type = Answer
        self.visitor = Visitor()

    def renew(self):
        """Become somebody else."""
        self.visitor = Visitor()

    # What all of them do.

    @task(3)
    def category(self):
        self.browse("category")

    @task(1)
    def home(self):
        self.browse("home")

    @task(1)
    def product(self):
        self.browse("product")

    @task(1)
    def search(self):
        self.browse("search")

    def browse(self, kind):
        self.visitor.pages_left -= 1
        if self.visitor.pages_left < 0:
            self.renew()
        if kind == "search":
            path = "/search/?q=" + ranked(SEARCHES).replace(" ", "+")
        elif kind in hot:
            path = ranked(hot[kind])
        else:
            kind, path = "home", "/"
        body = self.get(kind, path)
        if not hot and kind == "home" and body:
            hot["category"] = list(dict.fromkeys(CATEGORY_LINK.findall(body)))
            hot["product"] = list(dict.fromkeys(PRODUCT_LINK.findall(body)))[:HOT_PRODUCTS]
        if body and random.random() < 0.001:
            language = random.choice(["en", "de", "fr"])
            self.post("/i18n/setlang/", {"language": language, "next": self.visitor.at})

    # The requests.

    def get(self, kind, path):
        """Look at a page, and at those that it redirects to."""
        visitor = self.visitor
        query, visitor.query = visitor.query, ""
        if query:
            path += ("&" if "?" in path else "?") + query
        return self.send("GET", kind, path)

    def post(self, path, fields):
        """Send a form of the page that the visitor is at."""
        tokens = TOKEN.findall(self.visitor.body)
        if not tokens:
            ledger.failure(f"{self.visitor.at}: no form with a token")
            return ""
        ledger.posts += 1
        return self.send("POST", "form", path, {**fields, "csrfmiddlewaretoken": random.choice(tokens)})

    def send(self, method, kind, path, fields=None):
        visitor, browser = self.visitor, self.visitor.browser
        session = "sessionid" in browser.cookies
        headers = browser.request_headers(visitor.at and self.host + visitor.at)
        with self.client.request(
            method, path, name=kind, data=fields, headers=headers,
            allow_redirects=False, catch_response=True,
        ) as answer:
            status, where = answer.status_code, f"{method} {path}"
            body, location = "", None
            if status in (200, 302):
                answer.success()
                browser.keep(answer.headers.getheaders("set-cookie"))
                location = answer.headers.get("location")
                body = answer.text or ""
                outcome = outcome_of(answer.headers)
            else:
                answer.failure(f"status {status}")
                ledger.failure(f"{where}: status {status} {getattr(answer, 'error', '')}")
                outcome = f"status {status}"
        if method == "GET":
            ledger.count(kind, session, outcome)
        self.answered()
        if status == 302 and location:
            return self.send("GET", self.kind_of(location), urlsplit(location)._replace(scheme="", netloc="").geturl())
        if status != 200:
            return ""
        if not body.rstrip().endswith("</html>"):
            ledger.failure(f"{where}: no whole page")
        self.inspect(where, body, outcome)
        visitor.at, visitor.body = path, body
        if "cookie_consent" not in browser.cookies and random.random() < 0.5:
            browser.consent()
        return body

    def inspect(self, where, body, outcome):
        visitor = self.visitor
        # A cart's number is the shop's choice: who has just filled one and sees a number
        # is its owner, unless it is known as another's.
        found = REFERENCE.search(body)
        if found and visitor.awaits_number:
            visitor.awaits_number = False
            ledger.own(visitor.number, found[1])
            visitor.own.add(found[1])
            visitor.shown.add(found[1])
        ledger.page(visitor, where, body, outcome)
        tokens = TOKEN.findall(body)
        some = random.sample(tokens, min(2, len(tokens)))
        ledger.forms(visitor, where, some, visitor.browser.cookies.get("csrftoken", ""))

    def answered(self):
        ledger.answers += 1
        if ledger.answers == REQUESTS:
            gevent.spawn(self.environment.runner.quit)

    def kind_of(self, path):
        path = urlsplit(path).path
        for kind, prefix in (("category", "/products/category/"), ("product", "/products/"), ("search", "/search/"),
                             ("cart", "/cart/"), ("checkout", "/checkout/"), ("account", "/account/")):
            if path.startswith(prefix):
                return kind
        return "home"


class Looker(Shopper):
    weight = 49


class Buyer(Shopper):
    """Fills a cart, and goes to the checkout with it, mostly not to the end."""

    weight = 7
    wait_time = between(0.5, 1.5)

    @task(1)
    def cart(self):
        cards = CARD.findall(self.visitor.body)
        if not cards:
            self.browse("category")
            cards = CARD.findall(self.visitor.body)
        if not cards:
            return
        visitor = self.visitor
        # A sold out shop is nobody's failure: what is in the cart is not checked.
        visitor.awaits_number = not visitor.has_cart
        visitor.has_cart = True
        self.post("/cart/add/", {"variant": random.choice(cards), "quantity": "1"})
        if visitor.awaits_number:
            ledger.failure(f"visitor {visitor.number} put something in the cart and sees no number")

    @task(1)
    def checkout(self):
        if not self.visitor.has_cart:
            self.cart()
        visitor = self.visitor
        self.get("checkout", "/checkout/")
        name = next((c for c in visitor.own if c.startswith("visitor-")), f"visitor {visitor.number}")
        shipping = self.post("/checkout/", {**ADDRESS, "name": name, "email": "buyer@shop.test"})
        rate = RATE.search(shipping)
        if not rate:
            ledger.failure(f"visitor {visitor.number}: the checkout offers no rate")
            return
        # To the summary, back, and to it again.
        self.post("/checkout/shipping/", {"rate": rate[1]})
        for path in ("/checkout/", "/checkout/summary/"):
            self.get("checkout", path)
        if random.random() < 0.2:
            # The order takes the cart away, if the shop still has the things.
            visitor.shown = {c for c in visitor.shown if not c.startswith("cart-")}
            self.post("/checkout/summary/", {})
            self.renew()


class Customer(Buyer):
    """Has an account: signs up once, then logs in with each new browser."""

    weight = 4
    account = None

    def renew(self):
        self.visitor = Visitor(self.visitor.number)

    @task(1)
    def log_in(self):
        visitor = self.visitor
        if self.account and self.account in visitor.own:
            self.get("account", "/account/")
            return
        name = self.account or f"visitor-{uuid.uuid4().hex[:16]}"
        email = f"{name}@shop.test"
        self.get("account", "/account/login/" if self.account else "/account/signup/")
        ledger.own(visitor.number, name)
        visitor.own.add(name)
        visitor.shown.add(name)
        if self.account:
            self.post("/account/login/", {"username": email, "password": PASSWORD})
        else:
            self.account = name
            self.post("/account/signup/", {"name": name, "email": email, "password1": PASSWORD, "password2": PASSWORD})

    @task(1)
    def log_out(self):
        visitor = self.visitor
        if self.account not in visitor.own:
            return
        # Nothing of his is shown from now on.
        visitor.own, visitor.shown, visitor.has_cart = set(), set(), False
        self.post("/account/logout/", {})

"""That a leak would be seen: run by `make test`, without Locust."""
import unittest
from types import SimpleNamespace

from browser import Browser
from ledger import Ledger, secret

ANN, BOB = "visitor-" + "a" * 16, "cart-" + "b" * 16


def visitor(number, *canaries):
    return SimpleNamespace(number=number, own=set(canaries), shown=set(canaries))


class LedgerTests(unittest.TestCase):
    def setUp(self):
        self.ledger = Ledger()
        self.ledger.own(1, ANN)
        self.ledger.own(2, BOB)

    def seen(self, who, body):
        self.ledger.page(who, "GET /", body, "hit")
        return self.ledger.leak_count, self.ledger.failure_count

    def test_his_own(self):
        self.assertEqual(self.seen(visitor(1, ANN), f"<a>{ANN}</a>"), (0, 0))
        self.assertEqual((self.ledger.personal, self.ledger.personal_hits), (1, 1))

    def test_nobodys(self):
        self.assertEqual(self.seen(visitor(3), "<p>cart-1 visitor-x</p>"), (0, 0))
        self.assertEqual(self.ledger.personal, 0)

    def test_anothers(self):
        self.assertEqual(self.seen(visitor(3), f"<p>{ANN}</p>"), (1, 0))
        self.assertIn("of visitor 1 was shown to 3", self.ledger.leaks[0])

    def test_his_own_and_anothers(self):
        self.assertEqual(self.seen(visitor(1, ANN), f"<p>{ANN}, {BOB}</p>"), (1, 0))

    def test_a_strangers_page_for_one_with_a_cart(self):
        self.assertEqual(self.seen(visitor(2, BOB), "<p></p>"), (0, 1))

    def test_one_canary_two_owners(self):
        self.ledger.own(2, ANN)
        self.assertEqual(self.ledger.leak_count, 1)

    def test_tokens(self):
        # Two masks of one secret, and another secret.
        zero, same, other = "a" * 32 + "b" * 32, "c" * 32 + "d" * 32, "a" * 32 + "c" * 32
        self.assertEqual(secret(zero), "b" * 32)
        self.ledger.forms(visitor(1), "GET /", [zero, same], zero)
        self.assertEqual(self.ledger.leak_count, 0)
        for wrong in (other, "", zero[:-1], "-" * 64):
            before = self.ledger.leak_count
            self.ledger.forms(visitor(1), "GET /", [wrong], zero)
            self.assertEqual(self.ledger.leak_count, before + 1, wrong)


class CookieTests(unittest.TestCase):
    def test_keeps_and_drops(self):
        browser = Browser()
        browser.cookies = {}
        browser.keep(["sessionid=x; Path=/; HttpOnly", "messages=y; Path=/"])
        self.assertEqual(browser.request_headers("")["Cookie"], "sessionid=x; messages=y")
        browser.keep(['messages=""; expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0; Path=/'])
        self.assertEqual(browser.cookies, {"sessionid": "x"})


if __name__ == "__main__":
    unittest.main()

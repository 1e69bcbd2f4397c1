"""What was seen: outcomes by kind of page, and whose canaries.

A canary is a text that belongs to one visitor and stands on each of his pages: the
name of his account, the number of his cart. It must never be on anybody else's.
"""
import collections
import json
import re
import string

CANARY = re.compile(r"\b(?:cart|visitor)-[0-9a-f]{16}\b")
TOKEN = re.compile(r'(?:name="csrfmiddlewaretoken" value|name="csrf-token" content)="([^"]*)"')
ALPHABET = string.ascii_letters + string.digits
MOST_COMPLAINTS = 20


def secret(token):
    """Return what a Django 3.2 token hides, or what is wrong with it."""
    if len(token) != 64 or not set(token) <= set(ALPHABET):
        return f"no token: {token!r}"
    mask, cipher = token[:32], token[32:]
    return "".join(
        ALPHABET[(ALPHABET.index(c) - ALPHABET.index(m)) % len(ALPHABET)]
        for c, m in zip(cipher, mask)
    )


class Ledger:
    """All visitors' book; they are greenlets of one thread."""

    def __init__(self):
        self.owners = {}  # canary: visitor
        self.outcomes = collections.defaultdict(collections.Counter)
        self.answers = self.personal = self.personal_hits = self.tokens = self.posts = 0
        self.leaks, self.failures = [], []
        self.leak_count = self.failure_count = 0

    def leak(self, text):
        self.leak_count += 1
        if len(self.leaks) < MOST_COMPLAINTS:
            self.leaks.append(text)

    def failure(self, text):
        self.failure_count += 1
        if len(self.failures) < MOST_COMPLAINTS:
            self.failures.append(text)

    def own(self, visitor, canary):
        """Write down whose a canary is; it can be one visitor's only."""
        owner = self.owners.setdefault(canary, visitor)
        if owner != visitor:
            self.leak(f"{canary} of visitor {owner} was shown to {visitor} as his own")

    def count(self, kind, session, outcome):
        self.outcomes[kind, session][outcome] += 1

    def page(self, visitor, where, body, outcome):
        """Look for canaries in a page: of others, which is what all this is about,
        and whether those that a visitor must find are there."""
        found = set(CANARY.findall(body))
        for canary in found - visitor.own:
            self.leak(f"{where}, {outcome}: {canary} of visitor {self.owners.get(canary)} was shown to {visitor.number}")
        for canary in visitor.shown - found:
            self.failure(f"{where}, {outcome}: visitor {visitor.number} does not find his own {canary}")
        if found:
            self.personal += 1
            self.personal_hits += outcome == "hit"

    def forms(self, visitor, where, tokens, cookie):
        """Check that a page's tokens are those of the visitor's cookie."""
        for token in tokens:
            self.tokens += 1
            if secret(token) != secret(cookie):
                self.leak(f"{where}: visitor {visitor.number} got a token of another cookie's")

    def write(self, path, seconds):
        report = {
            "seconds": seconds,
            "answers": self.answers,
            "kinds": [
                {"kind": kind, "session": session, "outcomes": dict(outcomes)}
                for (kind, session), outcomes in sorted(self.outcomes.items())
            ],
            "canaries": len(self.owners),
            "personal": self.personal,
            "personal_hits": self.personal_hits,
            "tokens": self.tokens,
            "posts": self.posts,
            "leak_count": self.leak_count,
            "leaks": self.leaks,
            "failure_count": self.failure_count,
            "failures": self.failures,
        }
        with open(path, "w") as file:
            json.dump(report, file)

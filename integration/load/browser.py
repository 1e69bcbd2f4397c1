"""What a browser says about itself: headers, languages, cookies, campaigns."""
import random
import uuid

PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"

# Each with its share of visitors.
BROWSERS = [
    (55, {
        "User-Agent": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "Sec-CH-UA": '"Google Chrome";v="131", "Chromium";v="131", "Not_A Brand";v="24"',
        "Sec-CH-UA-Mobile": "?0",
        "Sec-CH-UA-Platform": '"Windows"',
        "Priority": "u=0, i",
    }),
    (20, {
        "User-Agent": "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "Accept-Encoding": "gzip, deflate, br",
    }),
    (15, {
        "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "Accept": PAGE,
        "Accept-Encoding": "gzip, deflate, br, zstd",
        "DNT": "1",
    }),
    (10, {
        "User-Agent": "Mozilla/5.0 (Linux; Android 9; SM-J530F) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/79.0.3945.116 Mobile Safari/537.36",
        "Accept": PAGE,
        "Accept-Encoding": "gzip, deflate",
    }),
]

# What browsers send, for the three languages of the shop and for others.
LANGUAGES = [
    (25, "en-US,en;q=0.9"),
    (20, "en-GB,en;q=0.9,en-US;q=0.8"),
    (10, "en"),
    (6, "en-US,en;q=0.5"),
    (4, "pl-PL,pl;q=0.9,en-US;q=0.8,en;q=0.7"),
    (3, "es-ES,es;q=0.9"),
    (2, None),
    (7, "de-DE,de;q=0.9,en-US;q=0.8,en;q=0.7"),
    (5, "de,en-US;q=0.7,en;q=0.3"),
    (4, "de-AT,de;q=0.9"),
    (2, "nl-NL,nl;q=0.9,de;q=0.8,en;q=0.7"),
    (6, "fr-FR,fr;q=0.9,en-US;q=0.8,en;q=0.7"),
    (4, "fr,fr-FR;q=0.8,en-US;q=0.5,en;q=0.3"),
    (2, "fr-CA,fr;q=0.9,en;q=0.8"),
]

CAMPAIGNS = [
    "utm_source=newsletter&utm_medium=email&utm_campaign=winter",
    "utm_source=google&utm_medium=cpc&utm_term=mug&gclid={id}",
    "fbclid={id}",
    "utm_source=instagram&utm_content={id}&fbclid={id}",
]


def pick(weighted):
    return random.choices([value for _, value in weighted], [share for share, _ in weighted])[0]


def digits(count):
    return str(random.randrange(10 ** (count - 1), 10**count))


class Browser:
    """One visitor's browser: what it always sends, and its cookies."""

    def __init__(self):
        self.headers = dict(pick(BROWSERS))
        self.headers["Upgrade-Insecure-Requests"] = "1"
        language = pick(LANGUAGES)
        if language:
            self.headers["Accept-Language"] = language
        self.cookies = {}
        if random.random() < 0.4:
            self.consent()

    def consent(self):
        """Answer the banner; analytics come with a yes."""
        if random.random() < 0.3:
            self.cookies["cookie_consent"] = "necessary"
            return
        now = digits(10)
        self.cookies.update({
            "cookie_consent": "all",
            "_ga": f"GA1.1.{digits(9)}.{now}",
            "_ga_X7YTP2ZQ8K": f"GS1.1.{now}.1.1.{now}.0.0.0",
            "_gid": f"GA1.1.{digits(9)}.{now}",
            "_fbp": f"fb.0.{now}123.{digits(12)}",
        })

    def landing(self):
        """Return the query of a visitor's first page; for most there is none."""
        if random.random() < 0.6:
            return ""
        return random.choice(CAMPAIGNS).format(id=uuid.uuid4().hex)

    def request_headers(self, referer):
        headers = dict(self.headers)
        if referer:
            headers["Referer"] = referer
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return headers

    def keep(self, lines):
        """Keep what Set-Cookie says; a cookie that ends at once is dropped."""
        for line in lines:
            pair, *attributes = line.split(";")
            name, _, value = pair.partition("=")
            if any(a.strip().lower() == "max-age=0" for a in attributes):
                self.cookies.pop(name.strip(), None)
            else:
                self.cookies[name.strip()] = value.strip()

import ast
import gettext
import re

from django.conf import settings
from django.test import Client, SimpleTestCase

from storefront.testing import ShopTestCase

LINE = re.compile(r'^(msgid|msgstr) (".*")$', re.MULTILINE)


class LanguageTests(ShopTestCase):
    def choose(self, language, client=None, **data):
        return (client or self.client).post(
            "/i18n/setlang/", {"language": language, **data}
        )

    def test_is_what_the_browser_asks_for(self):
        for asked, language, text in (
            ("de-DE,de;q=0.9,en;q=0.8", "de", "Warenkorb"),
            ("fr", "fr", "Panier"),
            ("es,it;q=0.5", "en", "Cart"),
        ):
            page = Client().get("/", HTTP_ACCEPT_LANGUAGE=asked)
            self.assertContains(page, f'<html lang="{language}">')
            self.assertContains(page, text)
            self.assertEqual(page["Content-Language"], language)

    def test_choosing_leads_back(self):
        response = self.choose("de", next="/search/?q=a")
        self.assertRedirects(response, "/search/?q=a")
        page = self.client.get("/search/?q=a", HTTP_ACCEPT_LANGUAGE="fr")
        self.assertContains(page, '<html lang="de">')
        self.assertContains(page, 'name="next" value="/search/?q=a"')

    def test_leads_nowhere_else(self):
        response = self.choose("de", next="https://elsewhere.test/")
        self.assertRedirects(response, "/")

    def test_choosing_gives_no_session(self):
        self.assertEqual(list(self.choose("de").cookies), ["django_language"])
        self.put_in_cart()
        self.assertNotIn("sessionid", self.choose("fr").cookies)
        self.assertCartCount(self.client.get("/"), 1)

    def test_needs_a_token(self):
        client = Client(enforce_csrf_checks=True)
        self.assertEqual(self.choose("de", client).status_code, 403)
        token = str(client.get("/").context["csrf_token"])
        response = self.choose("de", client, csrfmiddlewaretoken=token)
        self.assertEqual(response.status_code, 302)


class TranslationTests(SimpleTestCase):
    def test_what_is_compiled_is_what_is_written(self):
        for language, _ in settings.LANGUAGES[1:]:
            folder = settings.LOCALE_PATHS[0] / language / "LC_MESSAGES"
            lines = LINE.findall((folder / "django.po").read_text())
            texts = [ast.literal_eval(text) for _, text in lines]
            written = dict(zip(texts[2::2], texts[3::2]))
            self.assertTrue(written and all(written.values()))
            with (folder / "django.mo").open("rb") as compiled:
                catalog = dict(gettext.GNUTranslations(compiled)._catalog)
            catalog.pop("")
            self.assertEqual(written, catalog, "run manage.py compilemessages")

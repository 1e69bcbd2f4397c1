from django.test import SimpleTestCase


class DemoTests(SimpleTestCase):
    def test_no_two_bodies_are_equal(self):
        for name in ("cacheable", "private", "no-store", "set-cookie"):
            url = f"/demo/{name}/"
            self.assertNotEqual(
                self.client.get(url).content, self.client.get(url).content, name
            )

    def test_what_each_says_about_caching(self):
        self.assertEqual(self.client.get("/demo/private/")["Cache-Control"], "private")
        self.assertEqual(self.client.get("/demo/no-store/")["Cache-Control"], "no-store")
        self.assertIn("demo_visitor", self.client.get("/demo/set-cookie/").cookies)

    def test_cacheable_says_nothing(self):
        response = self.client.get("/demo/cacheable/?a=1")
        self.assertContains(response, "query: a=1")
        # LocaleMiddleware's, on every answer of the shop.
        self.assertEqual(response["Vary"], "Accept-Language")
        for header in ("Cache-Control", "Expires"):
            self.assertNotIn(header, response)
        self.assertFalse(response.cookies)

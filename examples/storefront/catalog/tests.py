from django.test import Client, SimpleTestCase

from storefront.testing import ShopTestCase

from . import sample
from .models import Category, Product


class SampleTests(SimpleTestCase):
    def rows(self, seed):
        return [
            [self.columns(row) for row in rows]
            for rows in sample.build(seed, 50).tables()
        ]

    def columns(self, row):
        return {
            field.attname: str(getattr(row, field.attname))
            for field in row._meta.concrete_fields
        }

    def test_same_seed_gives_the_same_shop(self):
        self.assertEqual(self.rows(7), self.rows(7))

    def test_another_seed_gives_another_shop(self):
        self.assertNotEqual(self.rows(7), self.rows(8))


class CategoryTests(ShopTestCase):
    def setUp(self):
        self.category = Category.objects.get(name="Apparel")
        self.url = self.category.get_absolute_url()

    def prices(self, query):
        page = self.client.get(self.url + query).context["page"]
        return [product.price for product in page]

    def test_sorts_by_price(self):
        self.assertEqual(self.prices("?sort_by=price"), sorted(self.prices("")))

    def test_filters_by_price(self):
        prices = self.prices("?price_min=20&price_max=60")
        self.assertTrue(prices)
        self.assertTrue(all(20 <= price <= 60 for price in prices))

    def test_ignores_a_filter_that_makes_no_sense(self):
        self.assertEqual(self.prices("?price_min=cheap&sort_by=luck"), self.prices(""))

    def test_pages(self):
        for number in range(30):
            Product.objects.create(
                name=f"More {number}", slug="more", category=self.category,
                description="", price=1, created_at="2017-01-01T00:00:00Z",
            )
        first = self.client.get(self.url + "?sort_by=name&utm_source=mail")
        self.assertContains(first, 'href="?sort_by=name&amp;page=2"')
        second = self.client.get(self.url + "?sort_by=name&page=2")
        self.assertFalse(set(first.context["page"]) & set(second.context["page"]))

    def test_no_such_page(self):
        for page in ("99", "0", "x"):
            response = self.client.get(self.url, {"page": page})
            self.assertEqual(response.status_code, 404, page)

    def test_old_slug_leads_to_the_new_one(self):
        response = self.client.get(f"/products/category/old-{self.category.pk}/")
        self.assertRedirects(response, self.url, status_code=301)


class SharedPageTests(ShopTestCase):
    """What a shared cache needs of the pages that all visitors see alike."""

    def pages(self):
        category = Category.objects.first().get_absolute_url()
        product = self.variant.product.get_absolute_url()
        return "/", category, product, "/search/?q=a"

    def test_a_stranger_gets_no_cookie_but_that_of_the_forms(self):
        for url in self.pages():
            with self.subTest(url):
                response = Client().get(url)
                self.assertEqual(response.status_code, 200)
                self.assertEqual(list(response.cookies), ["csrftoken"])
                self.assertEqual(response["Vary"], "Cookie, Accept-Language")
                self.assertNotIn("Cache-Control", response)
                self.assertEqual(
                    int(response["Content-Length"]), len(response.content)
                )

    def test_without_tokens_all_strangers_see_the_same(self):
        for url in self.pages():
            with self.subTest(url):
                first, second = Client().get(url), Client().get(url)
                self.assertNotEqual(first.content, second.content)
                self.assertEqual(*map(self.without_token, (first, second)))

    def without_token(self, response):
        token = str(response.context["csrf_token"])
        self.assertRegex(token, r"^[A-Za-z0-9]{64}$")
        return response.content.decode().replace(token, "")

    def test_each_card_has_a_form(self):
        page = self.client.get(Category.objects.get(name="Apparel").get_absolute_url())
        sold = [product for product in page.context["page"] if product.in_stock()]
        self.assertTrue(sold)
        # One for the language besides them.
        self.assertContains(page, "csrfmiddlewaretoken", count=len(sold) + 1)
        token = page.context["csrf_token"]
        self.assertContains(page, f'<meta name="csrf-token" content="{token}">', html=True)


class SearchTests(ShopTestCase):
    def test_finds_by_name(self):
        product = Product.objects.first()
        response = self.client.get("/search/", {"q": product.name.upper()})
        self.assertIn(product, response.context["page"].object_list)

    def test_nothing_asked_nothing_found(self):
        self.assertEqual(len(self.client.get("/search/").context["page"]), 0)

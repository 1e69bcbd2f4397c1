from django.test import Client

from catalog.models import Product, Variant
from storefront.testing import ShopTestCase


class CartTests(ShopTestCase):
    def quantity(self):
        lines = self.client.get("/cart/").context["lines"]
        return sum(line.quantity for line in lines)

    def test_add_shows_in_the_counter_of_every_page(self):
        self.put_in_cart(2)
        self.put_in_cart(1)
        self.assertCartCount(self.client.get("/"), 3)

    def test_change(self):
        self.put_in_cart()
        self.client.post("/cart/change/", {"variant": self.variant.pk, "quantity": 5})
        self.assertEqual(self.quantity(), 5)

    def test_change_to_zero_removes(self):
        self.put_in_cart()
        self.client.post("/cart/change/", {"variant": self.variant.pk, "quantity": 0})
        self.assertEqual(self.quantity(), 0)

    def test_remove(self):
        self.put_in_cart()
        self.client.post("/cart/remove/", {"variant": self.variant.pk})
        self.assertCartCount(self.client.get("/"), 0)

    def test_total(self):
        self.put_in_cart(3)
        total = self.client.get("/cart/").context["total"]
        self.assertEqual(total, 3 * self.variant.price())

    def test_refuses_what_is_not_sold(self):
        for data in ({"variant": 10**6, "quantity": 1}, {"variant": "x"}, {}):
            self.client.post("/cart/add/", data)
        self.client.post("/cart/add/", {"variant": self.variant.pk, "quantity": -1})
        self.assertEqual(self.quantity(), 0)

    def test_a_product_taken_from_sale_leaves_the_cart(self):
        self.put_in_cart()
        Product.objects.filter(pk=self.variant.product_id).delete()
        self.assertFalse(Variant.objects.filter(pk=self.variant.pk).exists())
        self.assertEqual(self.quantity(), 0)

    def test_a_cart_has_a_number_of_its_own_on_every_page(self):
        self.assertNotContains(self.client.get("/"), "cart-reference")
        self.put_in_cart()
        first = self.client.get("/").context["cart_reference"]
        self.assertRegex(first, r"^cart-[0-9a-f]{16}$")
        self.put_in_cart()
        self.assertContains(self.client.get("/search/"), first)
        other = Client()
        other.post("/cart/add/", {"variant": self.variant.pk, "quantity": 1})
        self.assertNotContains(other.get("/"), first)

    def test_a_message_is_shown_once(self):
        self.put_in_cart()
        self.assertContains(self.client.get("/"), "is in your cart")
        self.assertNotContains(self.client.get("/"), "is in your cart")

    def test_a_form_of_any_page_buys(self):
        client = Client(enforce_csrf_checks=True)
        token = client.get("/").context["csrf_token"]
        data = {"variant": self.variant.pk, "quantity": 1}
        for wrong in (None, "x" * 64):
            response = client.post("/cart/add/", {**data, "csrfmiddlewaretoken": wrong or ""})
            self.assertEqual(response.status_code, 403)
        response = client.post("/cart/add/", {**data, "csrfmiddlewaretoken": token})
        self.assertRedirects(response, "/cart/")
        # The script's way.
        response = client.post("/cart/add/", data, HTTP_X_CSRFTOKEN=str(token))
        self.assertRedirects(response, "/cart/")

    def test_needs_a_token(self):
        client = Client(enforce_csrf_checks=True)
        response = client.post("/cart/add/", {"variant": self.variant.pk, "quantity": 1})
        self.assertEqual(response.status_code, 403)

    def test_is_not_changed_by_get(self):
        for action in ("add", "change", "remove"):
            self.assertEqual(self.client.get(f"/cart/{action}/").status_code, 405)

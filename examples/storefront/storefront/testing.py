"""A small shop for the apps' tests."""
from django.test import TestCase

from catalog import sample
from catalog.models import Variant
from checkout import delivery

PRODUCTS = 60


class ShopTestCase(TestCase):
    @classmethod
    def setUpTestData(cls):
        sample.save(sample.build(1, PRODUCTS))
        delivery.save(delivery.build(1))
        cls.variant = Variant.objects.filter(stock__gte=20).first()

    def put_in_cart(self, quantity=1):
        return self.client.post(
            "/cart/add/", {"variant": self.variant.pk, "quantity": quantity}
        )

    def sign_up(self, email="ada@shop.test", name="Ada"):
        password = "a-long-password"
        return self.client.post(
            "/account/signup/",
            {"email": email, "name": name, "password1": password, "password2": password},
        )

    def assertCartCount(self, response, count):
        self.assertContains(response, f'<b id="cart-count">{count}</b>', html=True)

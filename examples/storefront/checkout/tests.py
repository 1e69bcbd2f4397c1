from catalog.models import Variant
from storefront.testing import ShopTestCase

from .models import Order, ShippingRate

ADDRESS = {
    "name": "Ada Example",
    "email": "ada@shop.test",
    "street": "Long Lane 1",
    "postal_code": "12345",
    "city": "Springfield",
    "country": "DE",
}


class CheckoutTests(ShopTestCase):
    def fill_in(self, quantity=2):
        """Go through the steps up to the summary."""
        self.put_in_cart(quantity)
        self.client.post("/checkout/", ADDRESS)
        self.rate = ShippingRate.objects.filter(country__code="DE").first()
        return self.client.post("/checkout/shipping/", {"rate": self.rate.pk})

    def stock(self):
        return Variant.objects.get(pk=self.variant.pk).stock

    def test_places_an_order(self):
        self.assertRedirects(self.fill_in(2), "/checkout/summary/")
        response = self.client.post("/checkout/summary/", follow=True)
        order = Order.objects.get()
        self.assertContains(response, f'<b id="order-number">{order.pk}</b>', html=True)
        self.assertEqual(order.total, 2 * self.variant.price() + self.rate.price)
        self.assertEqual(self.stock(), self.variant.stock - 2)
        self.assertCartCount(response, 0)

    def test_nothing_to_pay_for(self):
        for step in ("", "shipping/", "summary/"):
            self.assertRedirects(self.client.get(f"/checkout/{step}"), "/cart/")

    def test_no_step_can_be_left_out(self):
        self.put_in_cart()
        self.assertRedirects(self.client.get("/checkout/shipping/"), "/checkout/")
        self.client.post("/checkout/", ADDRESS)
        self.assertRedirects(self.client.get("/checkout/summary/"), "/checkout/shipping/")

    def test_a_rate_of_another_country_is_refused(self):
        self.put_in_cart()
        self.client.post("/checkout/", ADDRESS)
        other = ShippingRate.objects.exclude(country__code="DE").first()
        response = self.client.post("/checkout/shipping/", {"rate": other.pk})
        self.assertEqual(response.status_code, 200)
        self.assertTrue(response.context["form"].errors)

    def test_a_bad_address_is_shown_again(self):
        self.put_in_cart()
        response = self.client.post("/checkout/", {**ADDRESS, "country": "XX"})
        self.assertContains(response, "Long Lane 1")
        self.assertIn("country", response.context["form"].errors)

    def test_sold_out_meanwhile(self):
        self.fill_in()
        Variant.objects.filter(pk=self.variant.pk).update(stock=1)
        response = self.client.post("/checkout/summary/", follow=True)
        self.assertContains(response, "sold out")
        self.assertFalse(Order.objects.exists())
        self.assertEqual(self.stock(), 1)

    def test_an_order_is_shown_to_its_visitor_only(self):
        self.fill_in()
        self.client.post("/checkout/summary/")
        url = Order.objects.get().get_absolute_url()
        self.assertEqual(self.client.get(url).status_code, 200)
        self.assertEqual(self.client_class().get(url).status_code, 404)

from django.contrib.auth.models import User

from checkout.models import Country, Order
from storefront.testing import ShopTestCase


class AccountTests(ShopTestCase):
    def log_in(self, email="ada@shop.test", password="a-long-password"):
        return self.client.post(
            "/account/login/", {"username": email, "password": password}
        )

    def order_of(self, user):
        return Order.objects.create(
            user=user, email="x@shop.test", name="X", street="X", postal_code="1",
            city="X", country=Country.objects.first(), shipping="Post",
            shipping_price=1, total=10,
        )

    def test_sign_up_logs_in(self):
        self.assertRedirects(self.sign_up(), "/account/")
        self.assertContains(self.client.get("/"), 'id="account-name"')

    def test_one_account_for_an_address(self):
        self.sign_up()
        self.client.logout()
        self.assertContains(self.sign_up("ADA@shop.test"), "There is an account")
        self.assertEqual(User.objects.count(), 1)

    def test_log_in_and_out(self):
        self.sign_up()
        self.client.post("/account/logout/")
        self.assertNotContains(self.client.get("/"), 'id="account-name"')
        self.assertRedirects(self.log_in("Ada@shop.test"), "/account/")
        self.assertContains(self.client.get("/"), "Ada")

    def test_nobody_is_logged_out_by_a_link(self):
        self.sign_up()
        self.assertEqual(self.client.get("/account/logout/").status_code, 405)
        self.assertContains(self.client.get("/"), 'id="account-name"')

    def test_wrong_password(self):
        self.sign_up()
        self.client.logout()
        self.assertEqual(self.log_in(password="wrong").status_code, 200)
        self.assertRedirects(
            self.client.get("/account/"), "/account/login/?next=/account/"
        )

    def test_the_cart_stays_when_logging_in(self):
        self.sign_up()
        self.client.logout()
        self.put_in_cart(3)
        self.log_in()
        self.assertCartCount(self.client.get("/"), 3)

    def test_shows_own_orders_only(self):
        self.sign_up()
        own = self.order_of(User.objects.get())
        other = self.order_of(User.objects.create_user("eve@shop.test"))
        page = self.client.get("/account/")
        self.assertContains(page, str(own.token))
        self.assertNotContains(page, str(other.token))
        self.assertEqual(self.client.get(f"/account/orders/{own.token}/").status_code, 200)
        self.assertEqual(
            self.client.get(f"/account/orders/{other.token}/").status_code, 404
        )

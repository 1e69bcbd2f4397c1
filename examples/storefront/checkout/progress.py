"""How far a visitor has come in the checkout; kept in the session."""
from .models import ShippingRate

KEY = "checkout"
ORDERS = "orders"


class Progress:
    def __init__(self, session):
        self.session = session

    def _answers(self):
        return self.session.get(KEY, {})

    @property
    def address(self):
        return self._answers().get("address")

    @property
    def rate(self):
        """The chosen rate, if it is still one of the address's country."""
        if not self.address:
            return None
        return ShippingRate.objects.filter(
            pk=self._answers().get("rate"), country__code=self.address["country"]
        ).first()

    def set_address(self, address):
        self.session[KEY] = {**self._answers(), "address": address}

    def set_rate(self, rate):
        self.session[KEY] = {**self._answers(), "rate": rate.pk}

    def finish(self, order):
        """Forget the answers, and remember that this visitor may see the order."""
        self.session.pop(KEY, None)
        self.session[ORDERS] = self.session.get(ORDERS, []) + [str(order.token)]

    def may_see(self, order, user):
        return str(order.token) in self.session.get(ORDERS, []) or (
            user.is_authenticated and order.user_id == user.pk
        )

"""The cart: variant ids and quantities in the visitor's session."""
import secrets

from catalog.models import Variant

KEY = "cart"
REFERENCE = "cart_reference"
MAX_QUANTITY = 99


class Line:
    def __init__(self, variant, quantity):
        self.variant = variant
        self.quantity = quantity

    def total(self):
        return self.variant.price() * self.quantity


class Cart:
    """Works on a session, so that a visitor needs no account to shop."""

    def __init__(self, session):
        self.session = session

    def _quantities(self):
        return self.session.get(KEY, {})

    def count(self):
        return sum(self._quantities().values())

    def add(self, variant, quantity):
        self.set(variant, self._quantities().get(str(variant.pk), 0) + quantity)

    def set(self, variant, quantity):
        """Set a quantity; zero removes the line."""
        # A new dict: a session does not see changes inside its values.
        quantities = dict(self._quantities())
        if quantity > 0:
            quantities[str(variant.pk)] = min(quantity, MAX_QUANTITY)
        else:
            quantities.pop(str(variant.pk), None)
        self.session[KEY] = quantities
        if REFERENCE not in self.session:
            self.session[REFERENCE] = f"cart-{secrets.token_hex(8)}"

    def reference(self):
        """Return what a visitor names when he calls about his cart, or nothing."""
        return self.session.get(REFERENCE, "")

    def remove(self, variant):
        self.set(variant, 0)

    def clear(self):
        self.session.pop(KEY, None)
        self.session.pop(REFERENCE, None)

    def lines(self):
        """Return the lines; a variant no longer sold is left out."""
        quantities = self._quantities()
        variants = Variant.objects.filter(pk__in=quantities).select_related("product")
        return [Line(variant, quantities[str(variant.pk)]) for variant in variants]


def total(lines):
    return sum(line.total() for line in lines)

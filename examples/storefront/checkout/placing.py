from django.db import transaction
from django.db.models import F

from cart.cart import total
from catalog.models import Variant

from .models import Country, Order, OrderLine


class OutOfStock(Exception):
    """Somebody else bought it between the cart and the order."""

    def __init__(self, variant):
        super().__init__(f"{variant} is sold out in that quantity.")


@transaction.atomic
def place_order(lines, address, rate, user):
    """Take the lines from stock and return the order, or change nothing."""
    # The writes come first: a transaction that begins with a read cannot be
    # promoted in SQLite once another worker has written.
    for line in lines:
        _take(line)
    answers = {**address, "country": Country.objects.get(code=address["country"])}
    order = Order.objects.create(
        user=user if user.is_authenticated else None,
        shipping=f"{rate.method}, {rate.days} days",
        shipping_price=rate.price,
        total=total(lines) + rate.price,
        **answers,
    )
    OrderLine.objects.bulk_create(
        OrderLine(
            order=order,
            variant=line.variant,
            name=str(line.variant),
            sku=line.variant.sku,
            price=line.variant.price(),
            quantity=line.quantity,
        )
        for line in lines
    )
    return order


def _take(line):
    enough = Variant.objects.filter(pk=line.variant.pk, stock__gte=line.quantity)
    if not enough.update(stock=F("stock") - line.quantity):
        raise OutOfStock(line.variant)

from .cart import Cart


def cart(request):
    """Give every template the number in the cart's corner, and its reference.

    The session is read and never written: who only looks around gets none.
    """
    shown = Cart(request.session)
    return {"cart_count": shown.count(), "cart_reference": shown.reference()}

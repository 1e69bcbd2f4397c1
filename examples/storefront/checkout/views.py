"""The steps of the checkout: address, shipping, summary, done.

Each step shows the cart and what else the visitor may like, card by card and
query by query, as the category page does: slow, and never the same for two.
"""
from functools import wraps

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render

from cart.cart import Cart, total
from catalog.models import Product

from .forms import AddressForm, ShippingForm
from .models import Country, Order
from .placing import OutOfStock, place_order
from .progress import Progress

SUGGESTIONS = 18


def with_cart(view):
    """Send a visitor with nothing to pay for back to the cart."""

    @wraps(view)
    def guarded(request):
        lines = Cart(request.session).lines()
        if not lines:
            return redirect("cart:show")
        return view(request, lines, Progress(request.session))

    return guarded


def show_step(request, step, lines, **context):
    categories = {line.variant.product.category_id for line in lines}
    bought = {line.variant.product_id for line in lines}
    context.update(
        step=step,
        lines=lines,
        subtotal=total(lines),
        suggestions=Product.objects.filter(category__in=categories)
        .exclude(pk__in=bought)
        .order_by("-created_at", "pk")[:SUGGESTIONS],
    )
    return render(request, f"checkout/{step}.html", context)


@with_cart
def address(request, lines, progress):
    form = AddressForm(request.POST or None, initial=progress.address or known(request.user))
    if form.is_valid():
        progress.set_address(form.for_session())
        return redirect("checkout:shipping")
    return show_step(request, "address", lines, form=form)


def known(user):
    """Return what an account already tells about the address."""
    if not user.is_authenticated:
        return {}
    return {"name": user.first_name, "email": user.email}


@with_cart
def shipping(request, lines, progress):
    if not progress.address:
        return redirect("checkout:address")
    country = get_object_or_404(Country, code=progress.address["country"])
    form = ShippingForm(country, request.POST or None)
    if form.is_valid():
        progress.set_rate(form.cleaned_data["rate"])
        return redirect("checkout:summary")
    return show_step(request, "shipping", lines, form=form, country=country)


@with_cart
def summary(request, lines, progress):
    rate = progress.rate
    if rate is None:
        return redirect("checkout:shipping")
    if request.method == "POST":
        return place(request, lines, progress)
    return show_step(
        request,
        "summary",
        lines,
        address=progress.address,
        country=rate.country,
        rate=rate,
        grand_total=total(lines) + rate.price,
    )


def place(request, lines, progress):
    try:
        order = place_order(lines, progress.address, progress.rate, request.user)
    except OutOfStock as error:
        messages.error(request, str(error))
        return redirect("cart:show")
    Cart(request.session).clear()
    progress.finish(order)
    return redirect(order)


def done(request, token):
    order = get_object_or_404(Order.objects.select_related("country"), token=token)
    if not Progress(request.session).may_see(order, request.user):
        raise Http404("not an order of this visitor")
    return render(request, "checkout/done.html", {"order": order})

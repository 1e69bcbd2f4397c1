from django.contrib import messages
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from .cart import Cart, total
from .forms import AddForm, ChangeForm, RemoveForm


def show(request):
    lines = Cart(request.session).lines()
    return render(request, "cart/cart.html", {"lines": lines, "total": total(lines)})


@require_POST
def add(request):
    form = AddForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Please choose a variant and a quantity."))
        return redirect("cart:show")
    variant = form.cleaned_data["variant"]
    Cart(request.session).add(variant, form.cleaned_data["quantity"])
    messages.success(request, _("%(variant)s is in your cart.") % {"variant": variant})
    return redirect("cart:show")


@require_POST
def change(request):
    form = ChangeForm(request.POST)
    if form.is_valid():
        Cart(request.session).set(
            form.cleaned_data["variant"], form.cleaned_data["quantity"]
        )
    else:
        messages.error(request, _("That quantity is not possible."))
    return redirect("cart:show")


@require_POST
def remove(request):
    form = RemoveForm(request.POST)
    if form.is_valid():
        Cart(request.session).remove(form.cleaned_data["variant"])
    return redirect("cart:show")

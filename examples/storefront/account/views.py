from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.shortcuts import get_object_or_404, redirect, render

from .forms import SignupForm


def signup(request):
    form = SignupForm(request.POST or None)
    if form.is_valid():
        login(request, form.save())
        return redirect("account:overview")
    return render(request, "account/signup.html", {"form": form})


@login_required
def overview(request):
    return render(
        request, "account/overview.html", {"orders": request.user.orders.all()}
    )


@login_required
def order(request, token):
    shown = get_object_or_404(request.user.orders.select_related("country"), token=token)
    return render(request, "account/order.html", {"order": shown})

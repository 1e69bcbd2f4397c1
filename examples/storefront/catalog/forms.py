from django import forms
from django.utils.translation import gettext_lazy as _

SORTINGS = [
    ("name", _("Name, A to Z")),
    ("-name", _("Name, Z to A")),
    ("price", _("Price, low to high")),
    ("-price", _("Price, high to low")),
]


class ListingForm(forms.Form):
    """Sorting and price filter of a product list, from the query."""

    sort_by = forms.ChoiceField(
        label=_("Sort by"), choices=[("", _("Newest"))] + SORTINGS, required=False
    )
    price_min = forms.DecimalField(
        label=_("Price from"), min_value=0, max_digits=8, required=False
    )
    price_max = forms.DecimalField(
        label=_("Price to"), min_value=0, max_digits=8, required=False
    )

    def apply(self, products):
        """Return products filtered and sorted; a value that is no use is left out."""
        self.is_valid()
        wanted = self.cleaned_data
        if wanted.get("price_min") is not None:
            products = products.filter(price__gte=wanted["price_min"])
        if wanted.get("price_max") is not None:
            products = products.filter(price__lte=wanted["price_max"])
        # The primary key settles ties, so that no product is on two pages.
        if wanted.get("sort_by"):
            return products.order_by(wanted["sort_by"], "pk")
        return products.order_by("-created_at", "pk")

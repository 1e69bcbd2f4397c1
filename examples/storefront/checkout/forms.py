from django import forms
from django.utils.translation import gettext_lazy as _

from .models import Country, ShippingRate


class CountryField(forms.ModelChoiceField):
    """Shows with each country what delivery starts at."""

    def label_from_instance(self, country):
        rate = country.cheapest_rate()
        if rate is None:
            return country.name
        return f"{country.name} ({rate.method} from €{rate.price})"


class AddressForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=80)
    email = forms.EmailField(label=_("Email"))
    street = forms.CharField(label=_("Street"), max_length=120)
    postal_code = forms.CharField(label=_("Postal code"), max_length=20)
    city = forms.CharField(label=_("City"), max_length=80)
    country = CountryField(
        Country.objects.all(),
        label=_("Country"),
        to_field_name="code",
        empty_label=_("Choose a country"),
    )

    def for_session(self):
        """Return the answers as a session can keep them."""
        return {**self.cleaned_data, "country": self.cleaned_data["country"].code}


class ShippingForm(forms.Form):
    rate = forms.ModelChoiceField(
        ShippingRate.objects.none(), widget=forms.RadioSelect, empty_label=None
    )

    def __init__(self, country, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rate"].queryset = ShippingRate.objects.filter(country=country)

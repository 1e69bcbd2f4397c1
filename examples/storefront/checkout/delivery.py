"""Where the shop delivers to, and for how much."""
import random
from decimal import Decimal

from django.db import transaction

from .models import Country, ShippingMethod, ShippingRate

METHODS = ["Post", "Courier", "Express"]
COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BG": "Bulgaria",
    "BR": "Brazil", "CA": "Canada", "CH": "Switzerland", "CL": "Chile",
    "CY": "Cyprus", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark",
    "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France",
    "GB": "United Kingdom", "GR": "Greece", "HR": "Croatia", "HU": "Hungary",
    "IE": "Ireland", "IL": "Israel", "IN": "India", "IS": "Iceland",
    "IT": "Italy", "JP": "Japan", "KE": "Kenya", "KR": "South Korea",
    "LI": "Liechtenstein", "LT": "Lithuania", "LU": "Luxembourg", "LV": "Latvia",
    "MT": "Malta", "MX": "Mexico", "NL": "Netherlands", "NO": "Norway",
    "NZ": "New Zealand", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
    "RS": "Serbia", "SE": "Sweden", "SG": "Singapore", "SI": "Slovenia",
    "SK": "Slovakia", "TR": "Turkey", "US": "United States", "ZA": "South Africa",
}


def build(seed):
    """Return unsaved countries, methods and rates, made from the seed."""
    chance = random.Random(seed)
    methods = [ShippingMethod(pk=n, name=name) for n, name in enumerate(METHODS, 1)]
    countries = [
        Country(pk=n, code=code, name=name)
        for n, (code, name) in enumerate(COUNTRIES.items(), 1)
    ]
    rates = []
    for country in countries:
        base = chance.randint(390, 1990)
        for method in methods:
            rates.append(
                ShippingRate(
                    pk=len(rates) + 1,
                    country_id=country.pk,
                    method_id=method.pk,
                    price=Decimal(base * method.pk) / 100,
                    days=chance.randint(1, 4) + 4 * (len(methods) - method.pk),
                )
            )
    return [methods, countries, rates]


@transaction.atomic
def save(tables):
    """Write what build returned, over what an interrupted first try left."""
    for rows in tables:
        model = type(rows[0])
        model.objects.all().delete()
        model.objects.bulk_create(rows, batch_size=100)

"""Delivery countries and rates, and the orders placed."""
import uuid

from django.conf import settings
from django.db import models
from django.urls import reverse

from catalog.models import Variant


class Country(models.Model):
    code = models.CharField(max_length=2, unique=True)
    name = models.CharField(max_length=60)

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "countries"

    def __str__(self):
        return self.name

    def cheapest_rate(self):
        return self.rates.order_by("price").first()


class ShippingMethod(models.Model):
    name = models.CharField(max_length=40)

    def __str__(self):
        return self.name


class ShippingRate(models.Model):
    country = models.ForeignKey(Country, related_name="rates", on_delete=models.CASCADE)
    method = models.ForeignKey(ShippingMethod, on_delete=models.CASCADE)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    days = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["price"]

    def __str__(self):
        return f"{self.method}, {self.days} days, €{self.price}"


class Order(models.Model):
    # Part of the page's address, and all that a visitor without an account has
    # to show: it must not be guessable.
    token = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        related_name="orders",
        on_delete=models.SET_NULL,
    )
    created_at = models.DateTimeField(auto_now_add=True)
    email = models.EmailField()
    name = models.CharField(max_length=80)
    street = models.CharField(max_length=120)
    postal_code = models.CharField(max_length=20)
    city = models.CharField(max_length=80)
    country = models.ForeignKey(Country, on_delete=models.PROTECT)
    shipping = models.CharField(max_length=80)
    shipping_price = models.DecimalField(max_digits=8, decimal_places=2)
    total = models.DecimalField(max_digits=10, decimal_places=2)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return f"Order {self.pk}"

    def get_absolute_url(self):
        return reverse("checkout:done", args=[self.token])


class OrderLine(models.Model):
    """A line as it was sold: later changes of the product do not reach it."""

    order = models.ForeignKey(Order, related_name="lines", on_delete=models.CASCADE)
    variant = models.ForeignKey(Variant, null=True, on_delete=models.SET_NULL)
    name = models.CharField(max_length=200)
    sku = models.CharField(max_length=32)
    price = models.DecimalField(max_digits=8, decimal_places=2)
    quantity = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.quantity} × {self.name}"

    def total(self):
        return self.price * self.quantity

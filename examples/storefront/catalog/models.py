"""What the shop sells: categories, products, variants, attributes, images."""
from django.db import models
from django.urls import reverse


class Category(models.Model):
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=80)
    description = models.TextField(blank=True)
    parent = models.ForeignKey(
        "self", null=True, blank=True, related_name="children", on_delete=models.CASCADE
    )

    class Meta:
        ordering = ["pk"]
        verbose_name_plural = "categories"

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("catalog:category", args=[self.slug, self.pk])

    def products(self):
        """Products of this category and of those right below it."""
        return Product.objects.filter(
            models.Q(category=self) | models.Q(category__parent=self)
        )


class Attribute(models.Model):
    name = models.CharField(max_length=40)
    slug = models.SlugField(max_length=40, unique=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.name


class AttributeValue(models.Model):
    attribute = models.ForeignKey(
        Attribute, related_name="values", on_delete=models.CASCADE
    )
    name = models.CharField(max_length=40)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.name


class ProductQuerySet(models.QuerySet):
    def for_cards(self):
        """Load all that a product card shows, in a fixed number of queries."""
        return self.select_related("category__parent").prefetch_related(
            "images",
            "attribute_values__attribute",
            "variants__attribute_values__attribute",
        )


class Product(models.Model):
    name = models.CharField(max_length=120)
    slug = models.SlugField(max_length=120)
    category = models.ForeignKey(
        Category, related_name="own_products", on_delete=models.PROTECT
    )
    description = models.TextField()
    price = models.DecimalField(max_digits=8, decimal_places=2, db_index=True)
    featured = models.BooleanField(default=False)
    attribute_values = models.ManyToManyField(AttributeValue, blank=True)
    created_at = models.DateTimeField()

    objects = ProductQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("catalog:product", args=[self.slug, self.pk])

    # The methods below read whole relations, so that for_cards() serves them;
    # without it each call is a query of its own.

    def first_image(self):
        return next(iter(self.images.all()), None)

    def price_range(self):
        """Return the lowest and the highest price of the variants."""
        prices = [variant.price() for variant in self.variants.all()]
        return (min(prices), max(prices)) if prices else (self.price, self.price)

    def first_in_stock(self):
        """Return the variant that a card sells with one click, or None."""
        return next((variant for variant in self.variants.all() if variant.stock > 0), None)

    def in_stock(self):
        return self.first_in_stock() is not None

    def specs(self):
        """Return (attribute, value) names of the product itself."""
        return [
            (value.attribute.name, value.name) for value in self.attribute_values.all()
        ]

    def options(self):
        """Return the choices its variants offer: {"Size": ["S", "M"], ...}."""
        choices = {}
        for variant in self.variants.all():
            for value in variant.attribute_values.all():
                names = choices.setdefault(value.attribute.name, [])
                if value.name not in names:
                    names.append(value.name)
        return choices


class Variant(models.Model):
    product = models.ForeignKey(
        Product, related_name="variants", on_delete=models.CASCADE
    )
    sku = models.CharField(max_length=32, unique=True)
    name = models.CharField(max_length=80)
    price_override = models.DecimalField(
        max_digits=8, decimal_places=2, null=True, blank=True
    )
    stock = models.PositiveIntegerField(default=0)
    attribute_values = models.ManyToManyField(AttributeValue, blank=True)

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.product} ({self.name})"

    def price(self):
        return self.product.price if self.price_override is None else self.price_override


class ProductImage(models.Model):
    product = models.ForeignKey(
        Product, related_name="images", on_delete=models.CASCADE
    )
    file = models.FileField(upload_to="products")
    alt = models.CharField(max_length=120, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self):
        return self.file.name

import datetime
import random
from decimal import Decimal

from django.utils.text import slugify

from ..models import Attribute, AttributeValue, Category, Product, ProductImage, Variant
from .images import image_name
from .words import (
    ADJECTIVES,
    CATEGORIES,
    PRODUCT_ATTRIBUTES,
    SENTENCES,
    SHADES,
    VARIANT_ATTRIBUTES,
)

# A fixed day, or two runs with one seed would differ.
OPENING = datetime.datetime(2017, 3, 1, 9, 0, tzinfo=datetime.timezone.utc)


class Assortment:
    """Unsaved rows with their keys set, in the order to be saved."""

    def __init__(self):
        self.categories = []
        self.attributes = []
        self.values = []
        self.products = []
        self.product_values = []
        self.variants = []
        self.variant_values = []
        self.images = []

    def tables(self):
        return list(vars(self).values())


def build(seed, products):
    """Return an Assortment of so many products."""
    return _Builder(random.Random(seed)).build(products)


class _Builder:
    def __init__(self, chance):
        self.chance = chance
        self.rows = Assortment()
        self.leaves = []  # (category, nouns, lowest price, highest price)
        self.choices = {}  # attribute name: its values

    def build(self, products):
        self._categories()
        for name, values in {**PRODUCT_ATTRIBUTES, **VARIANT_ATTRIBUTES}.items():
            self._attribute(name, values)
        for number in range(1, products + 1):
            self._product(number)
        return self.rows

    def _categories(self):
        for top, children in CATEGORIES.items():
            parent = self._category(top, None)
            for name, (nouns, low, high) in children.items():
                self.leaves.append((self._category(name, parent.pk), nouns, low, high))

    def _category(self, name, parent):
        category = Category(
            pk=len(self.rows.categories) + 1,
            name=name,
            slug=slugify(name),
            description=self._prose(2),
            parent_id=parent,
        )
        self.rows.categories.append(category)
        return category

    def _attribute(self, name, values):
        attribute = Attribute(
            pk=len(self.rows.attributes) + 1, name=name, slug=slugify(name)
        )
        self.rows.attributes.append(attribute)
        self.choices[name] = []
        for value in values:
            row = AttributeValue(
                pk=len(self.rows.values) + 1, attribute_id=attribute.pk, name=value
            )
            self.rows.values.append(row)
            self.choices[name].append(row)

    def _product(self, number):
        # The categories in turn, so that each has pages even in a small shop.
        category, nouns, low, high = self.leaves[number % len(self.leaves)]
        material = self.chance.choice(self.choices["Material"])
        name = " ".join(
            [self.chance.choice(ADJECTIVES), material.name, self.chance.choice(nouns)]
        )
        product = Product(
            pk=number,
            name=name,
            slug=slugify(name),
            category_id=category.pk,
            description=self._prose(5),
            price=Decimal(self.chance.randint(low * 10, high * 10)) / 10,
            featured=self.chance.random() < 0.02,
            created_at=OPENING + datetime.timedelta(hours=number),
        )
        self.rows.products.append(product)
        chosen = [material] + [
            self.chance.choice(self.choices[name])
            for name in PRODUCT_ATTRIBUTES
            if name != "Material"
        ]
        for value in chosen:
            self._tie(Product, self.rows.product_values, product, value)
        self._variants(product)
        self._images(product, category)

    def _variants(self, product):
        sizes = self.chance.sample(self.choices["Size"], self.chance.randint(2, 4))
        for size in sorted(sizes, key=lambda value: value.pk):
            colour = self.chance.choice(self.choices["Colour"])
            variant = Variant(
                pk=len(self.rows.variants) + 1,
                product_id=product.pk,
                sku=f"{product.pk:05d}-{size.name}-{colour.name[:3].upper()}",
                name=f"{size.name}, {colour.name}",
                price_override=self._override(product),
                stock=self.chance.choice([0, 5, 20, 100, 1000]),
            )
            self.rows.variants.append(variant)
            for value in (size, colour):
                self._tie(Variant, self.rows.variant_values, variant, value)

    def _override(self, product):
        if self.chance.random() < 0.7:
            return None
        return product.price + self.chance.randint(1, 9)

    def _tie(self, model, rows, owner, value):
        through = model.attribute_values.through
        field = f"{model.__name__.lower()}_id"
        rows.append(
            through(
                pk=len(rows) + 1, **{field: owner.pk, "attributevalue_id": value.pk}
            )
        )

    def _images(self, product, category):
        shades = self.chance.sample(range(len(SHADES)), self.chance.randint(1, 3))
        for position, shade in enumerate(shades):
            self.rows.images.append(
                ProductImage(
                    pk=len(self.rows.images) + 1,
                    product_id=product.pk,
                    file=image_name(category.slug, shade),
                    alt=product.name,
                    position=position,
                )
            )

    def _prose(self, sentences):
        return " ".join(self.chance.sample(SENTENCES, sentences))

from django.contrib import admin

from . import models


class VariantInline(admin.TabularInline):
    model = models.Variant
    exclude = ["attribute_values"]
    extra = 0


class ImageInline(admin.TabularInline):
    model = models.ProductImage
    extra = 0


@admin.register(models.Product)
class ProductAdmin(admin.ModelAdmin):
    list_display = ["name", "category", "price", "featured"]
    list_filter = ["featured", "category"]
    list_select_related = ["category"]
    search_fields = ["name"]
    filter_horizontal = ["attribute_values"]
    inlines = [VariantInline, ImageInline]


@admin.register(models.Category)
class CategoryAdmin(admin.ModelAdmin):
    list_display = ["name", "parent"]


class ValueInline(admin.TabularInline):
    model = models.AttributeValue
    extra = 0


@admin.register(models.Attribute)
class AttributeAdmin(admin.ModelAdmin):
    inlines = [ValueInline]

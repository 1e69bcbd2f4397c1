from django.contrib import admin

from . import models


class LineInline(admin.TabularInline):
    model = models.OrderLine
    raw_id_fields = ["variant"]
    extra = 0


@admin.register(models.Order)
class OrderAdmin(admin.ModelAdmin):
    list_display = ["__str__", "created_at", "email", "total"]
    date_hierarchy = "created_at"
    raw_id_fields = ["user"]
    inlines = [LineInline]


class RateInline(admin.TabularInline):
    model = models.ShippingRate
    extra = 0


@admin.register(models.Country)
class CountryAdmin(admin.ModelAdmin):
    list_display = ["name", "code"]
    inlines = [RateInline]


admin.site.register(models.ShippingMethod)

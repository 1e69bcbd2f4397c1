"""Every URL of the shop, by app."""
from django.contrib import admin
from django.urls import include, path

from . import language

urlpatterns = [
    path("", include("catalog.urls")),
    path("cart/", include("cart.urls")),
    path("checkout/", include("checkout.urls")),
    path("account/", include("account.urls")),
    path("demo/", include("demo.urls")),
    path("i18n/setlang/", language.choose, name="set_language"),
    path("admin/", admin.site.urls),
]

from django.urls import path

from . import views

app_name = "demo"

urlpatterns = [
    path("cacheable/", views.cacheable, name="cacheable"),
    path("private/", views.private, name="private"),
    path("no-store/", views.no_store, name="no-store"),
    path("set-cookie/", views.set_cookie, name="set-cookie"),
]

from django.urls import path

from . import views

app_name = "cart"

urlpatterns = [
    path("", views.show, name="show"),
    path("add/", views.add, name="add"),
    path("change/", views.change, name="change"),
    path("remove/", views.remove, name="remove"),
]

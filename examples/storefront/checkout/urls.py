from django.urls import path

from . import views

app_name = "checkout"

urlpatterns = [
    path("", views.address, name="address"),
    path("shipping/", views.shipping, name="shipping"),
    path("summary/", views.summary, name="summary"),
    path("done/<uuid:token>/", views.done, name="done"),
]

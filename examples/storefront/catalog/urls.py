from django.urls import path, re_path

from . import views

app_name = "catalog"

urlpatterns = [
    path("", views.home, name="home"),
    path("search/", views.search, name="search"),
    re_path(
        r"^products/category/(?P<slug>[-\w]+?)-(?P<pk>\d+)/$",
        views.category,
        name="category",
    ),
    re_path(
        r"^products/(?P<slug>[-\w]+?)-(?P<pk>\d+)/$", views.product, name="product"
    ),
]

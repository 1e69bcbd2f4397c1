from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from . import views
from .forms import LoginForm

app_name = "account"

urlpatterns = [
    path("", views.overview, name="overview"),
    path("signup/", views.signup, name="signup"),
    path(
        "login/",
        LoginView.as_view(template_name="account/login.html", authentication_form=LoginForm),
        name="login",
    ),
    # By a link, as shops of that time did it: a form here would need a token
    # in the base template, and no page could be shared.
    path("logout/", LogoutView.as_view(), name="logout"),
    path("orders/<uuid:token>/", views.order, name="order"),
]

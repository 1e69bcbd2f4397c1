from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.decorators.http import require_POST

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
    # Not by a link: any site could send its visitors there.
    path("logout/", require_POST(LogoutView.as_view()), name="logout"),
    path("orders/<uuid:token>/", views.order, name="order"),
]

from django import forms
from django.contrib.auth.forms import AuthenticationForm, UserCreationForm
from django.contrib.auth.models import User
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy


class SignupForm(UserCreationForm):
    """An account is known by its e-mail address, which is the user name too."""

    email = forms.EmailField(label=gettext_lazy("Email"), max_length=150)
    name = forms.CharField(label=gettext_lazy("Name"), max_length=80)

    class Meta:
        model = User
        fields = ["email", "name"]

    def clean_email(self):
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(username=email).exists():
            raise forms.ValidationError(_("There is an account with this address."))
        return email

    def save(self, commit=True):
        user = super().save(commit=False)
        user.username = self.cleaned_data["email"]
        user.first_name = self.cleaned_data["name"]
        if commit:
            user.save()
        return user


class LoginForm(AuthenticationForm):
    """Takes the e-mail address in any case, as SignupForm does."""

    username = forms.CharField(label=gettext_lazy("Email"), max_length=150)

    def clean_username(self):
        # An administrator's name need not be an address, nor lower case.
        name = self.cleaned_data["username"]
        return name.lower() if "@" in name else name

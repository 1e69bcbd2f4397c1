from django import forms

from catalog.models import Variant

from .cart import MAX_QUANTITY


class AddForm(forms.Form):
    variant = forms.ModelChoiceField(Variant.objects.select_related("product"))
    quantity = forms.IntegerField(min_value=1, max_value=MAX_QUANTITY)


class ChangeForm(AddForm):
    """As AddForm; a quantity of zero removes the line."""

    quantity = forms.IntegerField(min_value=0, max_value=MAX_QUANTITY)


class RemoveForm(forms.Form):
    variant = forms.ModelChoiceField(Variant.objects.all())

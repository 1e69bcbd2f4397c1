from .models import Category


def navigation(request):
    """Give every template the top categories; read only where it is shown."""
    return {"top_categories": Category.objects.filter(parent=None)}

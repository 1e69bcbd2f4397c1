from django.shortcuts import get_object_or_404, redirect, render

from .forms import ListingForm
from .listing import get_page, kept_query
from .models import Category, Product

SEARCH_LIMIT = 100


def home(request):
    featured = Product.objects.filter(featured=True).for_cards()[:8]
    newest = Product.objects.order_by("-created_at", "pk").for_cards()[:8]
    return render(
        request, "catalog/home.html", {"featured": featured, "newest": newest}
    )


def category(request, slug, pk):
    """List a category, the way a shop does it before anybody measured.

    The cards ask for prices, stock, options, attributes and images product by
    product: some hundred small queries. That is the page an edge cache is
    for; search and home load the same cards with for_cards().
    """
    shown = get_object_or_404(Category, pk=pk)
    if slug != shown.slug:
        return redirect(shown, permanent=True)
    form = ListingForm(request.GET)
    page = get_page(request, form.apply(shown.products()))
    context = {
        "category": shown,
        "form": form,
        "page": page,
        "query": kept_query(request, form.fields),
    }
    return render(request, "catalog/category.html", context)


def product(request, slug, pk):
    shown = get_object_or_404(Product.objects.for_cards(), pk=pk)
    if slug != shown.slug:
        return redirect(shown, permanent=True)
    related = shown.category.own_products.exclude(pk=shown.pk).for_cards()[:4]
    return render(
        request, "catalog/product.html", {"product": shown, "related": related}
    )


def search(request):
    text = request.GET.get("q", "").strip()[:SEARCH_LIMIT]
    found = Product.objects.none()
    if text:
        found = Product.objects.filter(name__icontains=text).for_cards()
    context = {
        "text": text,
        "page": get_page(request, found),
        "query": kept_query(request, ["q"]),
    }
    return render(request, "catalog/search.html", context)

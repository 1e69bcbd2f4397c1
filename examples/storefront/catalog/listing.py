"""Paging that keeps the other parameters of a list."""
from urllib.parse import urlencode

from django.core.paginator import InvalidPage, Paginator
from django.http import Http404

PAGE_SIZE = 24


def get_page(request, products, size=PAGE_SIZE):
    try:
        return Paginator(products, size).page(request.GET.get("page", 1))
    except InvalidPage as error:
        raise Http404(str(error)) from error


def kept_query(request, names):
    """Return the named parameters, ready to stand before page= in a link.

    Only these: a tracking parameter echoed into links would make each
    visitor's page another page.
    """
    kept = [(name, request.GET[name]) for name in names if request.GET.get(name)]
    return urlencode(kept) + "&" if kept else ""

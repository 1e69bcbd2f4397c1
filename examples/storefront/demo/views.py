"""Pages that show what an edge cache may keep and what it must not.

Not part of the shop. Every body holds a value of its own, so that two equal
bodies prove that the second one came from a cache.
"""
import itertools
import uuid

from django.http import HttpResponse
from django.utils import timezone

rendering = itertools.count(1)


def page(request, title):
    lines = [
        title,
        f"unique: {uuid.uuid4()}",
        f"rendering: {next(rendering)} of this worker",
        f"time: {timezone.now():%H:%M:%S.%f}",
        f"query: {request.META['QUERY_STRING']}",
    ]
    # Plain text: the query is the visitor's and is shown as it came.
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def cacheable(request):
    return page(request, "This answer says nothing about caching.")


def private(request):
    response = page(request, "This answer is for one visitor.")
    response["Cache-Control"] = "private"
    return response


def no_store(request):
    response = page(request, "This answer must not be stored.")
    response["Cache-Control"] = "no-store"
    return response


def set_cookie(request):
    response = page(request, "This answer gives a cookie to one visitor.")
    response.set_cookie("demo_visitor", uuid.uuid4().hex, httponly=True)
    return response

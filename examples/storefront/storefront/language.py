"""The choice of language, kept in a cookie of its own."""
from django.views.i18n import set_language


def choose(request):
    """Set the language cookie, and no session.

    Django before 4.0 writes the language into the session as well. That gives
    a visitor who has only chosen a language a session, and a page of his own
    each time from then on; the cookie is all that LocaleMiddleware reads.
    """
    del request.session
    return set_language(request)

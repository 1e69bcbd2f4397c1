#!/usr/bin/python3
"""Django's command line for the storefront."""
import os
import sys


def main():
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "storefront.settings")
    try:
        from django.core.management import execute_from_command_line
    except ImportError as error:
        # Several python3 may be on PATH; Debian's package serves one of them.
        raise SystemExit(
            f"{sys.executable} has no Django ({error}). "
            "Install python3-django and call: /usr/bin/python3 manage.py ..."
        ) from error
    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
